import Foundation
import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// A row states itself once; these laws find the row that forgot to.
final class RowStatementTests: XCTestCase {
  /// Every family, small and real, with what tensor parallelism it allows.
  private func models() throws -> [(name: String, model: DecoderModel)] {
    let families = [
      ("gemma2", FamilyTests.gemma2), ("gemma3", WrittenModel.gemma3), ("phi3", FamilyTests.phi3),
      ("qwen3", FamilyTests.qwen3), ("searched", FamilyTests.searched), ("mixtral", ExpertFamilyTests.mixtral),
      ("qwen3_moe", ExpertFamilyTests.qwen3MoE), ("gpt_oss", ExpertFamilyTests.gptOSS),
      ("glm4_moe", ExpertFamilyTests.glm4MoE), ("olmoe", ExpertFamilyTests.olmoe),
      ("mimo_v2_flash", ExpertFamilyTests.mimoV2), ("llama4", ExpertFamilyTests.llama4),
      ("minimax_m2", ExpertFamilyTests.miniMaxM2), ("step3p7", ExpertFamilyTests.step),
      ("step3p5", ExpertFamilyTests.nestedStep), ("minimax_m3", ExpertFamilyTests.miniMaxM3),
      ("gemma4", ExpertFamilyTests.gemma4),
    ]
    var models: [(name: String, model: DecoderModel)] = []
    for (name, json) in families + RecurrentFamilies.all {
      models.append((name, try WrittenModel.configuration(json).model))
    }
    for name in Fixtures.catalog.modelNames { models.append((name, try Fixtures.catalog.model(name).model)) }
    models += TinyModel.all.map { ($0.name, $0.model) }
    models += TinyExperts.all.map { ($0.name, $0.model) }
    models += TinyLatent.all.map { ($0.name, $0.model) }
    return models + [("compressed", TinyCompressed.model)]
  }

  private func steps(_ degree: UInt64, isSequenceParallel: Bool) -> [DecoderStep] {
    OperatorSet.allCases.flatMap { operators -> [DecoderStep] in
      let workload = Workload(
        batch: 2, prompt: 6, context: 9, tensorParallel: degree, operatorSet: operators, formats: NumberFormats(.bf16),
        parallelism: Parallelism(isSequenceParallel: isSequenceParallel))
      return Phase.allCases.map { DecoderStep($0, workload) } + [DecoderStep(TrainingPass.forward, workload)]
    }
  }

  private func forEachPass(_ body: (String, DecoderModel, DecoderStep) throws -> Void) throws {
    for (name, model) in try models() {
      for degree in model.legalTensorParallelDegrees.prefix(3) {
        for isSequenceParallel in degree > 1 ? [false, true] : [false] {
          for step in steps(degree, isSequenceParallel: isSequenceParallel) {
            try body("\(name) \(step.name) \(step.operatorSet) TP \(degree)", model, step)
          }
        }
      }
    }
  }

  /// As many activations as the operator has operands for, each written before it is read.
  func testEveryRowStatesWhatItReadsAndWrites() throws {
    // What stands there before a pass begins, or is another layer's.
    let given: Set<ActivationTensor> = [.tokenIDs, .table, .residual, .bank]
    try forEachPass { what, model, step in
      for group in model.groups.indices {
        var written = given
        for row in ForwardPass<Count>(model, step).rows where row.scope.group == nil || row.scope.group == group {
          let operands = row.operator.accept(ActivationOperands<Count>())
          let (reads, writes) = (Array(row.statement.reads), Array(row.statement.writes))
          switch row.operator {
          case .collective, .send: XCTAssertFalse(reads.isEmpty, "\(what) \(row.name.rawValue)")
          default:
            XCTAssertEqual(reads.count, operands.loads.count, "\(what) \(row.name.rawValue) reads")
            // A norm's root is for its own gradient.
            let kept = operands.stores.filter { $0.name != .root }
            XCTAssertEqual(writes.count, kept.count, "\(what) \(row.name.rawValue) writes")
          }
          for tensor in reads {
            XCTAssertTrue(written.contains(tensor), "\(what) \(row.name.rawValue) reads \(tensor)")
          }
          written.formUnion(writes)
        }
      }
    }
  }

  /// A weight operand has a name, and both sets of operators read the same parameters.
  func testEveryWeightStandsUnderAName() throws {
    try forEachPass { what, model, step in
      var parameters: Count = 0
      for row in ForwardPass<Count>(model, step).rows {
        let counted = row.operator.accept(ParameterElements())
        XCTAssertEqual(
          counted.isWeighty, row.statement.weight != .none, "\(what): \(row.name.rawValue) and its weight's name")
        // The gathers' tables are no operand; a tied head reads one again.
        if row.name == .lmHead, model.tieWordEmbeddings { continue }
        parameters = parameters + counted.elements * row.occurrences
      }
      let shape = ParameterShape<Count>(model, tensorParallel: step.tensorParallel)
      XCTAssertEqual(parameters, shape.count + shape.buffers, what)
    }
  }

  /// Every kind with a weight operand says what tensor it is.
  func testTablesAndMatricesSayTheirShape() throws {
    try forEachPass { what, model, step in
      for row in ForwardPass<Count>(model, step).rows {
        let counted = row.operator.accept(ParameterElements())
        let isGather = row.name == .embedding || row.name == .positionEmbedding
        guard !isGather else { continue }
        if case .groupedGEMM(let product) = row.operator {
          // No more than the experts that are there are touched, and in expectation no fewer than one token's.
          XCTAssertLessThanOrEqual(counted.operandElements, counted.elements, "\(what) \(row.name.rawValue)")
          XCTAssertGreaterThanOrEqual(
            counted.operandElements * product.experts.held, counted.elements * product.experts.chosen, what)
          continue
        }
        XCTAssertEqual(counted.elements, counted.operandElements, "\(what) \(row.name.rawValue)")
      }
    }
  }

  func testTensorsHaveNamesOfTheirOwn() throws {
    for (name, model) in try models() where model.numHiddenLayers < 100 {
      let weights = try WeightList(model, name: name, formats: NumberFormats(.bf16))
      let names = weights.entries.map(\.name.full)
      XCTAssertEqual(Set(names).count, names.count, name)
      XCTAssertFalse(names.contains { $0.contains("..") || $0.hasPrefix(".") }, name)
      XCTAssertEqual(weights.parameters, ParameterShape<Count>(model).count, name)
    }
  }

  /// A row whose gradients nobody has stated is named instead of being left out: attention to a cache of latents.
  func testARowWithoutGradientsIsNamed() {
    let workload = Workload(
      batch: 1, prompt: 8, context: 8, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(.bf16),
      latentAttention: .absorbed)
    let forward = ForwardPass<Count>(TinyLatent.model(TinyLatent.plain), DecoderStep(.backward, workload))
    XCTAssertEqual(BackwardPass(forward).missing, [.attention])
  }

  /// Qwen3's step has the gradients of its norms of queries and keys: input and weight of both, in both sets of operators.
  func testNormsOfQueriesAndKeysHaveGradients() throws {
    let configuration = try WrittenModel.configuration(FamilyTests.qwen3)
    for operators in OperatorSet.allCases {
      let workload = Workload(
        batch: 1, prompt: 8, context: 8, tensorParallel: 1, operatorSet: operators, formats: NumberFormats(.bf16))
      let analysis = try Analysis(
        training: configuration, hardware: Fixtures.catalog.hardware("h100-sxm"), workload: workload,
        options: RateOptions())
      let backward = try XCTUnwrap(analysis.phases.first { $0.step.trainingPass == .backward })
      let rows = Dictionary(uniqueKeysWithValues: backward.operators.map { ($0.name.rawValue, $0) })
      for row in ["q_norm_dx", "q_norm_dgamma", "k_norm_dx", "k_norm_dgamma"] {
        let found = try XCTUnwrap(rows[row], "\(operators) \(row)")
        XCTAssertEqual(found.occurrences, 36)
        // 8·width + 2 and 3·width a row; 8 tokens of 32 and of 8 heads, 128 wide.
        let heads: UInt64 = row.hasPrefix("q") ? 32 : 8
        XCTAssertEqual(found.cost.flops.vector.value, 8 * heads * (row.hasSuffix("dx") ? 1026 : 384), row)
      }
    }
  }

  /// Layer 1 of Gemma-2 sees 4096 keys, layer 2 all; on paper, a decode step at 10,000 keys.
  func testAWindowIsInForceInItsLayersOnly() throws {
    let model = try WrittenModel.configuration(FamilyTests.gemma2).model
    for operators in OperatorSet.allCases {
      let workload = Workload(
        batch: 1, prompt: 9_999, context: 10_000, tensorParallel: 1, operatorSet: operators,
        formats: NumberFormats(.bf16))
      let pass = PhaseAnalysis(
        model, DecoderStep(.decode, workload), rates: DeviceRates(), time: IdealTime(overlap: .max))
      let name: OperatorName = operators == .fused ? .attention : .qkMatmul
      let rows = pass.operators.filter { $0.name == name }
      XCTAssertEqual(rows.map(\.occurrences), [13, 13])
      // A key has 4 heads of 256 elements of two bytes; flash attention reads values, too.
      let perKey: UInt64 = 4 * 256 * 2 * (operators == .fused ? 2 : 1)
      XCTAssertEqual(rows.map(\.cost.traffic.loadKVCache.value), [4096 * perKey, 10_000 * perKey])
      let plan = try FootprintPlan(model, workload, generated: 2, context: 10_000)
      let cached = DeviceMemory<Count>(.whole, plan)
      XCTAssertEqual(cached.keyValueCache.value, 13 * 2 * 4 * 256 * 2 * (4096 + 10_000))
      // The windows are full: only the other layers grow.
      XCTAssertEqual(cached.keyValueGrowthPerToken.value, 13 * 2 * 4 * 256 * 2)
    }
  }
}

private struct ParameterElements: OperatorVisitor {
  typealias Scalar = Count

  struct Found {
    var elements: Count = 0
    var operandElements: Count = 0
    var isWeighty = false
  }

  func visit<D: OperatorDefinition>(_ definition: D) -> Found where D.Scalar == Count {
    var found = Found()
    definition.forEachParameter { found.elements = found.elements + $0.elements }
    definition.forEachOperand { operand in
      guard operand.traffic == .loadWeight else { return }
      found.isWeighty = true
      found.operandElements = found.operandElements + operand.elements
    }
    return found
  }
}
