import Foundation
import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// Training steps of models with delta rules, and with attention residuals.
final class DeltaRuleTrainingTests: XCTestCase {
  private static let models = [
    ("qwen3_next", RecurrentFamilies.qwen3Next), ("qwen3_5", RecurrentFamilies.qwen35),
    ("kimi_linear", RecurrentFamilies.kimiLinear), ("kimi_k3", RecurrentFamilies.kimiK3),
  ]

  private func forEachStep(
    _ body: (String, DecoderModel, Workload) throws -> Void
  ) throws {
    for (name, json) in Self.models {
      let model = try WrittenModel.configuration(json).model
      for operators in OperatorSet.allCases {
        for degree in [1, 2] as [UInt64] {
          for isSequenceParallel in degree > 1 ? [false, true] : [false] {
            let workload = Workload(
              batch: 2, prompt: 70, context: 70, tensorParallel: degree, operatorSet: operators,
              formats: NumberFormats(.bf16), parallelism: Parallelism(isSequenceParallel: isSequenceParallel))
            try body("\(name) \(operators) \(degree) \(isSequenceParallel)", model, workload)
          }
        }
      }
    }
  }

  private func rows(_ pass: TrainingPass, _ model: DecoderModel, _ workload: Workload) -> [NamedOperator<Count>] {
    DecoderStep(pass, workload).rows(of: model)
  }

  /// No row is missing, and each product has two of its own size.
  func testTheyTrain() throws {
    try forEachStep { what, model, workload in
      let backward = BackwardPass(ForwardPass<Count>(model, DecoderStep(.backward, workload)))
      XCTAssertEqual(backward.missing, [], what)
      func products(_ pass: TrainingPass) -> Count {
        rows(pass, model, workload).reduce(0) { sum, row in
          switch row.operator {
          case .deltaRule, .deltaRuleGradient: sum
          default: sum + row.operator.cost.flops.tensor * row.occurrences
          }
        }
      }
      XCTAssertEqual(products(.backward), 2 * products(.forward), what)
    }
  }

  /// The same of real files' models.
  func testRealFilesTrain() throws {
    guard let shared = Fixtures.shared else {
      XCTAssertFalse(Fixtures.isCI)
      throw XCTSkip("no shared data beside the package")
    }
    for file in ["Qwen--Qwen3.5-27B", "Qwen--Qwen3.5-35B-A3B", "moonshotai--Kimi-K3"] {
      let json = try JSONValue.read(file: "\(shared)/configs/\(file).json")
      let model = try ModelConfiguration(json, name: file, file: file).model
      for operators in OperatorSet.allCases {
        let workload = TinyModel.workload(operators, prompt: 4096, context: 4096)
        let backward = BackwardPass(ForwardPass<Count>(model, DecoderStep(.backward, workload)))
        XCTAssertEqual(backward.missing, [], "\(file) \(operators)")
      }
    }
  }

  /// Ranks run the decay's first projection alike, and its gradient would be a partial sum.
  func testKimiDeltaAttentionOverRanksIsRefused() throws {
    let every = JSONValue.array((1...4).map { .integer($0) })
    guard case .object(var members) = try JSONValue.parse(Data(RecurrentFamilies.kimiLinear.utf8), file: "kimi"),
      case .object(var linear)? = members["linear_attn_config"]
    else { return XCTFail("no object") }
    linear["full_attn_layers"] = .array([])
    linear["kda_layers"] = every
    members["linear_attn_config"] = .object(linear)
    members["num_hidden_layers"] = .integer(4)
    let workload = Workload(
      batch: 1, prompt: 8, context: 8, tensorParallel: 2, operatorSet: .fused, formats: NumberFormats(.bf16))
    XCTAssertThrowsError(
      try Analysis(
        training: ModelConfiguration(.object(members), name: "kimi", file: "kimi"),
        hardware: Fixtures.catalog.hardware("h100-sxm"), workload: workload, options: RateOptions())
    ) { XCTAssertTrue("\($0)".contains("Kimi delta attention under tensor parallelism"), "\($0)") }
  }

  /// A layer of Qwen3.5-27B, on paper: 64 chunks of 64 tokens, 48 heads of 128 × 128: 2·64²·(6·128 + 4·128 + 2·64) + 12·64·128² each.
  func testProductsOfALayer() throws {
    let rule = DeltaRule<Count>(
      Recurrence(batch: 1, queryTokens: 4096, form: .chunks(of: 64), state: .dropped), keyHeads: 16, valueHeads: 48,
      keyDim: 128, valueDim: 128, decay: .head, keepsChunks: true, formats: NumberFormats(.bf16))
    let gradient = try XCTUnwrap(DeltaRuleGradient(rule))
    XCTAssertEqual(gradient.flops.tensor.value, 74_088_185_856)
    XCTAssertEqual(gradient.flops.special.value, 0)
    // Two bytes each: four rows of 64, w, new values and two powers of a token and head; 64 states; the output.
    let perToken: UInt64 = 4 * 64 + 128 + 128 + 2 + 128
    XCTAssertEqual(rule.traffic.storeActivation.value, 2 * 48 * (4096 * perToken + 64 * 128 * 128))
  }

  /// What the forward pass stores beside its results, the backward pass reads.
  func testWhatIsKeptIsRead() throws {
    let kept: Set<StaticName> = [.squares, .vectors, .states]
    try forEachStep { what, model, workload in
      func bytes(_ pass: TrainingPass, _ traffic: TrafficClass) -> Count {
        rows(pass, model, workload).reduce(0) { sum, row in
          row.operator.accept(Operands()).reduce(sum) {
            $1.traffic == traffic && kept.contains($1.name) ? $0 + $1.bytes * row.occurrences : $0
          }
        }
      }
      let stored = bytes(.forward, .storeActivation)
      XCTAssertGreaterThan(stored, 0, what)
      XCTAssertEqual(stored, bytes(.backward, .loadActivation), what)
    }
  }

  /// Both sets of operators compute the same gradients: of norms and gates in rows of their own, or in the kernel.
  func testFusedKernelsDoTheWorkOfTheRowsTheyJoin() throws {
    for (name, json) in Self.models {
      let model = try WrittenModel.configuration(json).model
      let sums = OperatorSet.allCases.map { operators in
        rows(.backward, model, TinyModel.workload(operators, prompt: 70, context: 70)).reduce(FLOPCounts<Count>()) {
          sum, row in
          switch row.operator {
          case .deltaRuleGradient, .deltaGatesGradient, .l2NormGradient:
            sum + row.operator.cost.flops * row.occurrences
          default: sum
          }
        }
      }
      XCTAssertEqual(sums[0], sums[1], name)
      XCTAssertGreaterThan(sums[0].tensor, 0, name)
    }
  }

  /// Queries, keys and values lie beside each other behind a convolution, gates of the output beside queries: none is added to another.
  func testPartsOfATensorAreNotAddedUp() throws {
    try forEachStep { what, model, workload in
      let names = Set(rows(.backward, model, workload).map(\.name.rawValue))
      for name in [
        "q_l2norm_dx_add", "k_l2norm_dx_add", "delta_rule_dx_add", "out_norm_dx_add", "conv_dx_add", "attn_gate_dx_add",
      ] {
        XCTAssertFalse(names.contains(name), "\(what) \(name)")
      }
    }
  }

  /// Six layers of Kimi-K3's kind: as many additions of snapshots' gradients as mixes see snapshots, 6 + 8 + 2; of the stream, which a
  /// norm, a mix and an addition read, two a block, and one in front of the head.
  func testGradientsOfSnapshotsAndOfTheStreamAreAddedUp() throws {
    let model = try WrittenModel.configuration(RecurrentFamilies.kimiK3).model
    for operators in OperatorSet.allCases {
      let backward = rows(.backward, model, TinyModel.workload(operators))
      func occurrences(_ name: String) -> UInt64 {
        backward.reduce(0) { $1.name.rawValue == name ? $0 + $1.occurrences.value : $0 }
      }
      for (name, count) in [
        ("attn_res_snapshots", 6), ("mlp_res_snapshots", 8), ("output_res_snapshots", 2),
      ] as [(String, UInt64)] {
        XCTAssertEqual(occurrences("\(name)_backward"), count, name)
        XCTAssertEqual(occurrences("\(name)_dx_add"), count, name)
      }
      for (name, count) in [
        ("attn_res_mix_backward", 6), ("mlp_res_mix_backward", 6), ("output_res_mix_backward", 1),
        ("attn_res_mix_dx_add", 6), ("mlp_res_mix_dx_add", 6), ("output_res_mix_dx_add", 1), ("attn_add_backward", 6),
        ("mlp_add_backward", 6), ("attn_res_norm_dx", 6), ("attn_norm_dx", 6), ("final_norm_dx", 1),
      ] as [(String, UInt64)] {
        XCTAssertEqual(occurrences(name), count, "\(operators) \(name)")
      }
      // No norm adds a stream's gradient that additions of their own add.
      for row in backward {
        if case .rmsNormGradient(let norm) = row.operator { XCTAssertFalse(norm.addsResidual, row.name.rawValue) }
      }
    }
  }

  /// Each collective of the forward pass has its counterpart; ranks with rows of their own add up the weights of norms, and of scores.
  func testCollectivesAreThoseOfOtherFamilies() throws {
    try forEachStep { what, model, workload in
      guard workload.tensorParallel > 1 else { return }
      let backward = rows(.backward, model, workload)
      func occurrences(_ name: OperatorName) -> Count {
        backward.reduce(0) { $1.name == name ? $0 + $1.occurrences : $0 }
      }
      let layers = Count(model.numHiddenLayers)
      let isSequenceParallel = workload.parallelism.isSequenceParallel
      XCTAssertEqual(
        occurrences(isSequenceParallel ? "attn_grad_reduce_scatter" : "attn_grad_all_reduce"), layers, what)
      XCTAssertEqual(occurrences("norm_grad_all_reduce"), isSequenceParallel ? 1 : 0, what)
    }
    let model = try WrittenModel.configuration(RecurrentFamilies.kimiK3).model
    let message = try [false, true].map { hasBank in
      var changed = model
      if !hasBank {
        changed.head.snapshots = nil
        for index in changed.groups.indices { changed.groups[index].residual = .preNorm }
      }
      let workload = Workload(
        batch: 1, prompt: 8, context: 8, tensorParallel: 2, operatorSet: .separate, formats: NumberFormats(.bf16),
        parallelism: Parallelism(isSequenceParallel: true))
      let row = try XCTUnwrap(rows(.backward, changed, workload).first { $0.name == "norm_grad_all_reduce" })
      guard case .collective(let collective) = row.operator else { throw XCTSkip("no collective") }
      return collective.message.value
    }
    // 13 mixes, each with a norm and a scoring vector of 48 elements of two bytes.
    XCTAssertEqual(message[1] - message[0], 13 * 2 * 48 * 2)
  }
}

private struct Operands: OperatorVisitor {
  typealias Scalar = Count

  func visit<D: OperatorDefinition>(_ definition: D) -> [Operand<Count>] where D.Scalar == Count {
    var operands: [Operand<Count>] = []
    definition.forEachOperand { operands.append($0) }
    return operands
  }
}
