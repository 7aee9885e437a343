import RooflineCore
import TestSupport
import XCTest

/// Training steps of models whose indexers choose what attention reads: the choice has no gradient, and neither has what serves it alone.
final class SelectionTrainingTests: XCTestCase {
  private static let models = [
    "deepseek-ai--DeepSeek-V3.2", "zai-org--GLM-5", "zai-org--GLM-5.2", "MiniMaxAI--MiniMax-M3",
    "deepseek-ai--DeepSeek-V4-Flash",
  ]

  private func rows(_ model: DecoderModel, _ pass: TrainingPass, _ operators: OperatorSet) -> [NamedOperator<Count>] {
    let workload = Workload(
      batch: 1, prompt: 4096, context: 4097, tensorParallel: 1, operatorSet: operators, formats: NumberFormats(.bf16))
    return DecoderStep(pass, workload).rows(of: model)
  }

  private func isIndexers(_ row: NamedOperator<Count>) -> Bool { row.name.rawValue.hasPrefix("index_") }

  func testIndexersRunForwardAlone() throws {
    for file in Self.models {
      let model = try FamilyGoldenTests.model(file).model
      for operators in OperatorSet.allCases {
        let workload = Workload(
          batch: 1, prompt: 4096, context: 4097, tensorParallel: 1, operatorSet: operators,
          formats: NumberFormats(.bf16))
        let pass = BackwardPass(ForwardPass<Count>(model, DecoderStep(.backward, workload)))
        XCTAssertEqual(pass.missing, [], "\(file) \(operators)")
        XCTAssertFalse(pass.rows.contains(where: isIndexers), "\(file) \(operators)")
        XCTAssertTrue(rows(model, .forward, operators).contains(where: isIndexers), "\(file) \(operators)")
      }
    }
  }

  /// Each product of the forward pass has two gradients of its size, but for those that score keys.
  func testEveryOtherProductHasTwoGradients() throws {
    for file in Self.models {
      let model = try FamilyGoldenTests.model(file).model
      for operators in OperatorSet.allCases {
        func products(_ pass: TrainingPass) -> Count {
          rows(model, pass, operators).reduce(0) { (sum: Count, row: NamedOperator<Count>) in
            isIndexers(row) ? sum : sum + row.operator.cost.flops.tensor * row.occurrences
          }
        }
        XCTAssertEqual(products(.backward), 2 * products(.forward), "\(file) \(operators)")
      }
    }
  }

  /// The rest of the backward pass is that of the same model whose attention reads every key.
  func testTheLatentsGradientsAreThoseWithoutAnIndexer() throws {
    let chosen = try FamilyGoldenTests.model("deepseek-ai--DeepSeek-V3.2").model
    let dense = try FamilyGoldenTests.model("deepseek-ai--DeepSeek-V3").model
    func names(_ model: DecoderModel) -> [String] {
      rows(model, .backward, .fused).map { "\($0.scope) \($0.name.rawValue) \($0.occurrences)" }
    }
    XCTAssertEqual(names(chosen), names(dense))
  }

  func testATrainingStepKeepsNoIndexKeysInACache() throws {
    for file in Self.models {
      let model = try FamilyGoldenTests.model(file).model
      for operators in OperatorSet.allCases {
        for pass in [TrainingPass.forward, .backward] {
          for row in rows(model, pass, operators) {
            let traffic = row.operator.cost.traffic
            XCTAssertEqual(traffic.loadKVCache + traffic.storeKVCache, 0, "\(file) \(row.name.rawValue)")
          }
        }
      }
    }
  }

  /// Its experts have learned scales, whose gradients add up over the tokens.
  func testGemma4Trains() throws {
    let model = try FamilyGoldenTests.model("google--gemma-4-26B-A4B").model
    for operators in OperatorSet.allCases {
      let workload = Workload(
        batch: 1, prompt: 4096, context: 4097, tensorParallel: 1, operatorSet: operators, formats: NumberFormats(.bf16))
      let pass = BackwardPass(ForwardPass<Count>(model, DecoderStep(.backward, workload)))
      XCTAssertEqual(pass.missing, [], "\(operators)")
      func products(_ pass: TrainingPass) -> Count {
        rows(model, pass, operators).reduce(0) { (sum: Count, row: NamedOperator<Count>) in
          sum + row.operator.cost.flops.tensor * row.occurrences
        }
      }
      XCTAssertEqual(products(.backward), 2 * products(.forward), "\(operators)")
    }
  }
}
