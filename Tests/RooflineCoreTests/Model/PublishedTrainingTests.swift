import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Training steps of every published file that lies beside the package. Whatever file comes to them has to train, too: a family with a row
/// without gradients fails here by the row's name.
final class PublishedTrainingTests: XCTestCase {
  /// Of the text part, in the format of its activations: a quantised checkpoint says nothing of its training.
  private func models() throws -> [(name: String, model: DecoderModel)] {
    let folder = try SharedTable.url("configs")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().filter {
      $0.hasSuffix(".json") && !$0.hasSuffix("hf_quant_config.json")
    }
    XCTAssertGreaterThanOrEqual(files.count, 36)
    return try files.map { file in (file, try FamilyGoldenTests.model(String(file.dropLast(5))).model) }
  }

  private func forEachStep(_ body: (String, DecoderModel, Workload) throws -> Void) throws {
    for (name, model) in try models() {
      for operators in OperatorSet.allCases {
        let workload = Workload(
          batch: 2, prompt: 512, context: 512, tensorParallel: 1, operatorSet: operators,
          formats: NumberFormats(.bf16))
        try body("\(name) \(operators)", model, workload)
      }
    }
  }

  private func rows(_ pass: TrainingPass, _ model: DecoderModel, _ workload: Workload) -> [NamedOperator<Count>] {
    DecoderStep(pass, workload).rows(of: model)
  }

  func testEveryRowHasItsGradients() throws {
    try forEachStep { what, model, workload in
      let backward = BackwardPass(ForwardPass<Count>(model, DecoderStep(.backward, workload)))
      XCTAssertEqual(backward.missing, [], what)
    }
  }

  /// Each product has two gradients of its size, but for those that score keys, which have none, and delta rules, whose inverse has more
  /// than its substitution.
  func testEveryProductHasTwoGradients() throws {
    try forEachStep { what, model, workload in
      func products(_ pass: TrainingPass) -> Count {
        rows(pass, model, workload).reduce(0) { (sum: Count, row: NamedOperator<Count>) in
          switch row.operator {
          case .deltaRule, .deltaRuleGradient: return sum
          default:
            guard !row.name.rawValue.hasPrefix("index_") else { return sum }
            return sum + row.operator.cost.flops.tensor * row.occurrences
          }
        }
      }
      XCTAssertEqual(products(.backward), 2 * products(.forward), what)
    }
  }

  /// Nothing of a training step is kept for a next token.
  func testNoRowTouchesACache() throws {
    try forEachStep { what, model, workload in
      for pass in [TrainingPass.forward, .backward] {
        for row in rows(pass, model, workload) {
          let traffic = row.operator.cost.traffic
          XCTAssertEqual(traffic.loadKVCache + traffic.storeKVCache, 0, "\(what) \(row.name.rawValue)")
        }
      }
    }
  }

  /// Every matrix of the text part has the gradient of its weights once, wherever it is read.
  func testEveryMatrixHasItsWeightsGradient() throws {
    try forEachStep { what, model, workload in
      let forward = rows(.forward, model, workload)
      let backward = rows(.backward, model, workload)
      let named = Set(backward.map { "\($0.scope) \($0.name.rawValue)" })
      for row in forward where !row.name.rawValue.hasPrefix("index_") {
        switch row.operator {
        case .gemm, .linearGelu, .linearRelu, .groupedGEMM, .batchedGEMM:
          XCTAssertTrue(named.contains("\(row.scope) \(row.name.rawValue)_dw"), "\(what) \(row.name.rawValue)")
        default: break
        }
      }
    }
  }
}
