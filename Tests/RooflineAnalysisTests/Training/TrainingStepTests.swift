import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// Facts of the counting contract and of the owner's note about a training step.
final class TrainingStepTests: XCTestCase {
  /// The contract's ratios to 6ND for Llama-2-7B: GEMMs alone 0.9805; with full attention 1.0602 at 2048, 1.1399 at 4096.
  func testAllRowsTogetherAreTheModelFLOPs() throws {
    let model = try Fixtures.catalog.model("llama-2-7b").model
    for (sequence, ratio) in [(2048, 1.0602), (4096, 1.1399)] as [(UInt64, Double)] {
      let sixND = 6 * 6_738_415_616 * Double(sequence)
      let passes = TrainingPasses.of(model, sequence: sequence)
      let all = passes.values.reduce(Count(0)) { $0 + $1.model.cost.flops.tensor }
      XCTAssertEqual(Double(all.value) / sixND, ratio, accuracy: 0.00005)
      let linear = passes.values.flatMap(\.operators).reduce(Count(0)) { sum, row in
        [.gemm, .gemmInputGradient, .gemmWeightGradient].contains(row.kind)
          ? sum + row.cost.flops.tensor.times(row.occurrences.value) : sum
      }
      XCTAssertEqual(Double(linear.value) / sixND, 0.9805, accuracy: 0.00005)
    }
  }

  /// `mfu` counts three forward passes; with the causal mask's pairs where attention is fused.
  func testTheStepIsWhatModelFLOPsUtilizationCounts() throws {
    for name in ["llama-2-7b", "qwen2-0.5b", "llama-3.1-8b"] {
      let model = try Fixtures.catalog.model(name).model
      for (operators, isCausal) in [(OperatorSet.separate, false), (.fused, true)] {
        let passes = TrainingPasses.of(model, sequence: 513, batch: 3, operators)
        let flops = try ModelFLOPs(model, batch: 3, sequence: 513, isCausal: isCausal)
        XCTAssertEqual(passes.values.reduce(Count(0)) { $0 + $1.model.cost.flops.tensor }, flops.perStep, name)
      }
    }
  }

  /// Llama-2-7B at 4096 tokens, from the owner's note with its letters' values put in by hand.
  func testRowsOfTheOwnersNote() throws {
    let passes = TrainingPasses.of(try Fixtures.catalog.model("llama-2-7b").model, sequence: 4096)
    let (forward, backward) = (TrainingPasses.rows(passes[.forward]), TrainingPasses.rows(passes[.backward]))
    func vector(_ row: OperatorName) -> UInt64? { backward[row]?.cost.flops.vector.value }
    // 2·4096·4096·4096 and 2·4096·4096·11008.
    for row in [
      OperatorName.qProj.gradient(.input), .qProj.gradient(.weight), .kProj.gradient(.input), .vProj.gradient(.weight),
      .oProj.gradient(.input),
    ] {
      XCTAssertEqual(backward[row]?.cost.flops.tensor, 137_438_953_472, row.rawValue)
    }
    for row in [
      OperatorName.gateProj.gradient(.input), .gateProj.gradient(.weight), .upProj.gradient(.input),
      .downProj.gradient(.input), .downProj.gradient(.weight),
    ] {
      XCTAssertEqual(backward[row]?.cost.flops.tensor, 369_367_187_456, row.rawValue)
    }
    // 8·4096·4096 + 2·4096 and 3·4096·4096, with the root kept: no special function.
    for row in [OperatorName.attnNorm.gradient(.input), .mlpNorm.gradient(.input), .finalNorm.gradient(.input)] {
      XCTAssertEqual(vector(row), 134_225_920)
      XCTAssertEqual(backward[row]?.cost.flops.special, 0)
    }
    XCTAssertEqual(vector(.attnNorm.gradient(.scale)), 50_331_648)
    // 4 an element of 32 heads' 4096·4096 probabilities; 8 of 4096·11008 activations; 3 of 2·4096·4096 turned elements.
    XCTAssertEqual(vector(.softmax.gradient(.backward)), 2_147_483_648)
    XCTAssertEqual(vector(.mlpSiluDot.gradient(.backward)), 360_710_144)
    XCTAssertEqual(backward[.mlpSiluDot.gradient(.backward)]?.cost.flops.special, 45_088_768)
    XCTAssertEqual(vector(.rotary.gradient(.backward)), 100_663_296)
    // The residual's gradient: one addition an element, twice a layer.
    XCTAssertEqual(vector(.attnAdd.gradient(.backward)), 16_777_216)
    XCTAssertEqual(vector(.mlpAdd.gradient(.backward)), 16_777_216)
    // The head on all tokens: 2·4096·32000·4096 in each of its three products.
    XCTAssertEqual(forward[.lmHead]?.cost.flops.tensor, 1_073_741_824_000)
    XCTAssertEqual(backward[.lmHead.gradient(.input)]?.cost.flops.tensor, 1_073_741_824_000)
    XCTAssertEqual(backward[.lmHead.gradient(.weight)]?.cost.flops.tensor, 1_073_741_824_000)
  }

  /// m = 2 rows, k = 3 inputs, n = 5 outputs in fp8 weights and fp16 activations, each operand's bytes on paper.
  func testOperandsOfALinearLayersGradients() {
    let gemm = GEMM<Count>(
      m: 2, n: 5, k: 3, formats: NumberFormats(weight: .fp8, activation: .fp16, keyValueCache: .fp16, model: .fp16))
    let dX = GEMMGradient(gemm, by: .input).traffic
    XCTAssertEqual([dX.loadActivation, dX.loadWeight, dX.storeActivation], [20, 15, 12])
    let dW = GEMMGradient(gemm, by: .weight).traffic
    XCTAssertEqual([dW.loadActivation, dW.loadWeight, dW.storeActivation], [32, 0, 15])
  }

  func testTotalsAreTheRowsOfBothPasses() throws {
    let analysis = try Analysis(
      training: Fixtures.catalog.model("qwen2-0.5b"), hardware: Fixtures.catalog.hardware("h100-sxm"),
      workload: Workload(
        batch: 2, prompt: 64, context: 64, tensorParallel: 2, operatorSet: .separate, formats: NumberFormats(.bf16)),
      options: RateOptions())
    let totals = try XCTUnwrap(analysis.trainingTotals)
    let all = analysis.phases.flatMap(\.operators)
    XCTAssertEqual(Set(totals.operators.map(\.name)), Set(all.map(\.name.forwardRow)))
    XCTAssertEqual(Set(totals.operators.map(\.name)).count, totals.operators.count)
    for (index, sum) in totals.model.total.cost.counts.enumerated() {
      let ofRows = all.reduce(Count(0)) { $0 + $1.cost.counts[index].times($1.occurrences.value) }
      let ofOperators = totals.operators.reduce(Count(0)) {
        $0 + $1.passes.total.cost.counts[index].times($1.occurrences.value)
      }
      XCTAssertEqual(sum, ofRows)
      XCTAssertEqual(sum, ofOperators)
    }
    // 24 layers' q projection of 896 columns, half of them on each device: forward, and two gradients.
    let query = try XCTUnwrap(totals.operators.first { $0.name == .qProj })
    XCTAssertEqual(query.passes.forward.cost.flops.tensor.value, 2 * 128 * 448 * 896)
    XCTAssertEqual(query.passes.backward.cost.flops.tensor.value, 4 * 128 * 448 * 896)
    XCTAssertEqual(query.occurrences, 24)
  }
}
