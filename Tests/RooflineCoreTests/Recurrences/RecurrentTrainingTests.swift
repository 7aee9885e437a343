import RooflineCore
import TestSupport
import XCTest

/// Training steps of families with state-space layers and lightning attention.
final class RecurrentTrainingTests: XCTestCase {
  private static let families = [
    ("mamba2", RecurrentFamilies.mamba2), ("jamba", RecurrentFamilies.jamba), ("minimax", RecurrentFamilies.miniMax),
    ("nemotron_h", RecurrentFamilies.nemotron),
  ]

  private func rows(
    _ json: String, _ pass: TrainingPass, _ operators: OperatorSet, degree: UInt64 = 1, isSequenceParallel: Bool = false
  ) throws -> [NamedOperator<Count>] {
    let workload = Workload(
      batch: 3, prompt: 7, context: 7, tensorParallel: degree, operatorSet: operators, formats: NumberFormats(.bf16),
      parallelism: Parallelism(isSequenceParallel: isSequenceParallel))
    return DecoderStep(pass, workload).rows(of: try WrittenModel.configuration(json).model)
  }

  /// No row is without its gradients, and each product has two of its own size.
  func testEveryProductHasTwoGradients() throws {
    for (name, json) in Self.families {
      for operators in OperatorSet.allCases {
        for degree in [1, 2] as [UInt64] {
          let workload = TinyModel.workload(operators, degree: degree)
          let model = try WrittenModel.configuration(json).model
          let backward = BackwardPass(ForwardPass<Count>(model, DecoderStep(.backward, workload)))
          XCTAssertEqual(backward.missing, [], name)
          func products(_ pass: TrainingPass) throws -> Count {
            try rows(json, pass, operators, degree: degree).reduce(0) {
              $0 + $1.operator.cost.flops.tensor * $1.occurrences
            }
          }
          XCTAssertEqual(try products(.backward), 2 * (try products(.forward)), "\(name) \(operators) TP \(degree)")
        }
      }
    }
  }

  /// Whether the scan takes its step sizes' softplus or a row of its own does, the gradients are the same work.
  func testFusedScansDoTheWorkOfTheRowsTheyJoin() throws {
    let sums = try OperatorSet.allCases.map { operators in
      try rows(RecurrentFamilies.mamba2, .backward, operators)
        .filter { ["ssm_scan", "dt_softplus"].contains($0.name.forwardRow) }
        .reduce(FLOPCounts<Count>()) { $0 + $1.operator.cost.flops * $1.occurrences }
    }
    XCTAssertGreaterThan(sums[0].special, 0)
    XCTAssertEqual(sums[0], sums[1])
  }

  /// On paper: three sequences of one padded chunk of 128; 8 heads of 6 with a state of 16 in 2 groups; 21 tokens.
  func testAScansGradientByHand() throws {
    let row = try XCTUnwrap(
      rows(RecurrentFamilies.nemotron, .backward, .fused).first { $0.name.rawValue == "ssm_scan_backward" })
    let head = 5 * 16_384 + 14 * 768 + 4 * 2048 + 4 * 96 + 9 * 128 + 3
    XCTAssertEqual(row.operator.cost.flops.vector.value, UInt64(3 * (8 * head + 2 * 2 * 2048) + 8 + 3 * 21 * 8))
    XCTAssertEqual(row.operator.cost.flops.special.value, 21 * 8)
    XCTAssertEqual(
      row.operator.cost.flops.tensor.value, 3 * (2 * 4 * 16_384 * 16 + 8 * (4 * 16_384 * 6 + 8 * 128 * 96)))
    // x, B and C, step sizes, and a number a head for the bias, A and D.
    XCTAssertEqual(row.operator.cost.traffic.storeActivation.value, 2 * (21 * (48 + 64) + 21 * 8 + 3 * 8))
  }

  /// Gradients are added up where several rows read the same elements, and not where they read a projection's parts.
  func testPartsOfAProjectionAreNotAddedUp() throws {
    func sums(_ json: String, _ operators: OperatorSet) throws -> Set<String> {
      Set(
        try rows(json, .backward, operators).filter {
          if case .residualAdd = $0.operator { true } else { false }
        }.map(\.name.rawValue))
    }
    XCTAssertEqual(try sums(RecurrentFamilies.mamba2, .separate), ["attn_add_backward"])
    XCTAssertEqual(try sums(RecurrentFamilies.mamba2, .fused), [])
    // x goes into the projection to step sizes, B and C, and into the scan; experts and their router read one tensor.
    XCTAssertEqual(
      try sums(RecurrentFamilies.jamba, .fused), ["selective_scan_dx_add", "experts_gate_up_dx_add"])
    // The gate's projection and that of queries, keys and values; no norm of the fused set adds a stream that is
    // scaled, before attention or behind it.
    XCTAssertEqual(
      try sums(RecurrentFamilies.miniMax, .fused),
      ["output_gate_dx_add", "experts_gate_up_dx_add", "attn_add_backward", "mlp_add_backward"])
  }

  /// A scaled addition hands either constant times its gradient on: two products an element of the stream.
  func testScaledAdditionsHaveGradients() throws {
    for operators in OperatorSet.allCases {
      for name in ["attn_add_dx", "mlp_add_dx"] {
        let found = try rows(RecurrentFamilies.miniMax, .backward, operators).filter { $0.name.rawValue == name }
        XCTAssertEqual(found.reduce(0) { $0 + $1.occurrences }, 32)
        for row in found { XCTAssertEqual(row.operator.cost.flops.vector.value, 2 * 21 * 4096) }
      }
    }
  }

  // MARK: ranks

  private func messages(_ rows: [NamedOperator<Count>]) -> [String: UInt64] {
    var messages: [String: UInt64] = [:]
    for row in rows {
      if case .collective(let collective) = row.operator { messages[row.name.rawValue] = collective.message.value }
    }
    return messages
  }

  /// Where ranks share a group, B and C have parts of their gradients on each of them, and so has the norm's sum over
  /// the group.
  func testRanksOfAGroupAddUpItsGradients() throws {
    for operators in OperatorSet.allCases {
      let alone = messages(try rows(RecurrentFamilies.mamba2, .backward, operators, degree: 8))
      XCTAssertEqual(Set(alone.keys), ["final_grad_all_reduce", "attn_grad_all_reduce"])
      let shared = messages(try rows(RecurrentFamilies.mamba2, .backward, operators, degree: 16))
      XCTAssertEqual(
        Set(shared.keys),
        ["final_grad_all_reduce", "attn_grad_all_reduce", "bc_grad_all_reduce", "out_norm_grad_all_reduce"])
      // B and C are 128 wide each: their columns of the projection, four taps and a bias, in bf16; a sum a token in
      // fp32.
      XCTAssertEqual(shared["bc_grad_all_reduce"], 2 * 128 * (4096 + 4 + 1) * 2)
      XCTAssertEqual(shared["out_norm_grad_all_reduce"], 21 * 4)
      XCTAssertEqual(shared["attn_grad_all_reduce"], 21 * 4096 * 2)
    }
  }

  /// Jamba's step sizes, B and C come out of one all-reduce, and their gradients go through one.
  func testAllReducesInsideAMixerHaveTheirCounterparts() throws {
    for operators in OperatorSet.allCases {
      let forward = messages(try rows(RecurrentFamilies.jamba, .forward, operators, degree: 4))
      let backward = messages(try rows(RecurrentFamilies.jamba, .backward, operators, degree: 4))
      XCTAssertEqual(backward["x_grad_all_reduce"], forward["x_all_reduce"])
      XCTAssertEqual(forward["x_all_reduce"], 21 * (256 + 2 * 16) * 2)
      let lightning = try rows(RecurrentFamilies.miniMax, .backward, operators, degree: 4)
      XCTAssertEqual(messages(lightning)["out_norm_grad_all_reduce"], 21 * 4)
      XCTAssertNil(messages(try rows(RecurrentFamilies.miniMax, .backward, operators))["out_norm_grad_all_reduce"])
    }
  }

  /// With sequence parallelism gradients are scattered and gathered, as in other families.
  func testSequenceParallelismSplitsTheirAllReduces() throws {
    for (name, json) in Self.families {
      for operators in OperatorSet.allCases {
        let found = messages(try rows(json, .backward, operators, degree: 2, isSequenceParallel: true))
        XCTAssertNotNil(found["attn_grad_reduce_scatter"], name)
        XCTAssertNotNil(found["attn_grad_all_gather"], name)
        XCTAssertNil(found["attn_grad_all_reduce"], name)
      }
    }
  }
}
