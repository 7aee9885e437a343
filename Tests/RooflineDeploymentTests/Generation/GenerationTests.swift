import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import TestSupport
import XCTest

final class GenerationTests: XCTestCase {
  private func analysis(
    _ model: String = "llama-2-70b", _ hardware: String = "a100-sxm4-40gb", tp: UInt64 = 8, batch: UInt64 = 20,
    prompt: UInt64 = 1024, context: UInt64? = nil, operators: OperatorSet = .separate,
    parallelism: Parallelism = Parallelism(), options: RateOptions = RateOptions()
  ) throws -> Analysis {
    let configuration = try Fixtures.catalog.model(model)
    let workload = Workload(
      batch: batch, prompt: prompt, context: context ?? prompt + 1, tensorParallel: tp, operatorSet: operators,
      formats: NumberFormats(configuration.dtype), parallelism: parallelism)
    return try Analysis(
      configuration: configuration, hardware: Fixtures.catalog.hardware(hardware), workload: workload,
      phases: Phase.allCases, options: options)
  }

  /// G tokens are a prefill and G − 1 steps, each the decode pass of a fresh analysis at its context.
  func testStepsAreFreshAnalysesAtGrowingContexts() throws {
    let generation = try Generation(analysis(), tokens: 6)
    XCTAssertEqual(generation.steps.map(\.context), [1025, 1026, 1027, 1028, 1029])
    var sum = 0.0
    for step in generation.steps {
      let fresh = try analysis(context: step.context).phases[1].model.time
      XCTAssertEqual(try XCTUnwrap(step.time).value, try XCTUnwrap(fresh).value, accuracy: 1e-15)
      sum += try XCTUnwrap(step.time).value
    }
    XCTAssertEqual(try XCTUnwrap(generation.decodeTime).value, sum, accuracy: 1e-12)
    XCTAssertEqual(try XCTUnwrap(generation.meanTimePerOutputToken).value, sum / 5, accuracy: 1e-12)
    let prefill = try XCTUnwrap(analysis().phases[0].model.time).value
    XCTAssertEqual(try XCTUnwrap(generation.timeToFirstToken).value, prefill, accuracy: 1e-12)
    XCTAssertEqual(try XCTUnwrap(generation.totalTime).value, prefill + sum, accuracy: 1e-12)
  }

  func testOneTokenIsThePrefillAlone() throws {
    let generation = try Generation(analysis(), tokens: 1)
    XCTAssertTrue(generation.steps.isEmpty)
    XCTAssertNil(generation.meanTimePerOutputToken)
    XCTAssertEqual(generation.totalTime, generation.timeToFirstToken)
  }

  /// 20 sequences on 8 GPUs: 1/TPOT a user, 20/(8·TPOT) a GPU; two replicas double only the total.
  func testThroughput() throws {
    let one = try Generation(analysis(), tokens: 3)
    let two = try Generation(analysis(parallelism: Parallelism(data: 2)), tokens: 3)
    let tpot = try XCTUnwrap(one.meanTimePerOutputToken).value
    XCTAssertEqual(try XCTUnwrap(one.tokensPerSecondPerUser), 1 / tpot, accuracy: 1e-9)
    XCTAssertEqual(try XCTUnwrap(one.tokensPerSecondPerGPU), 2.5 / tpot, accuracy: 1e-9)
    XCTAssertEqual(try XCTUnwrap(one.tokensPerSecond), 20 / tpot, accuracy: 1e-9)
    XCTAssertEqual(one.tokensPerSecondPerGPU, two.tokensPerSecondPerGPU)
    XCTAssertEqual(try XCTUnwrap(two.tokensPerSecond), 40 / tpot, accuracy: 1e-9)
  }

  /// A decode step bound by memory throughout moves its bytes at the full bandwidth, but for the time on the link.
  func testUtilizationIsAShare() throws {
    let generation = try Generation(analysis(), tokens: 4)
    let decode = try XCTUnwrap(generation.decodeUtilization)
    XCTAssertLessThan(try XCTUnwrap(decode.memoryBandwidth), 1)
    XCTAssertGreaterThan(try XCTUnwrap(decode.memoryBandwidth), 0.95)
    var fast = RateOptions()
    fast.link = 1e30
    let unhindered = try Generation(analysis(options: fast), tokens: 4)
    XCTAssertEqual(try XCTUnwrap(unhindered.decodeUtilization?.memoryBandwidth), 1, accuracy: 1e-9)
    // 357,342,589,747,200 tensor FLOPs of the contract over TTFT × 312 TFLOP/s.
    let ttft = try XCTUnwrap(generation.timeToFirstToken).value
    XCTAssertEqual(
      try XCTUnwrap(generation.prefillUtilization.modelFLOPs), 357_342_589_747_200 / (ttft * 312e12), accuracy: 1e-12)
  }

  /// fp32 products stand in the vector count with other work; MFU counts the products alone.
  func testUtilizationOfProductsOnTheCUDACores() throws {
    let configuration = try Fixtures.catalog.model("llama-3.2-1b")
    func flops(_ dtype: DType) throws -> Double {
      let workload = Workload(
        batch: 2, prompt: 64, context: 65, tensorParallel: 1, operatorSet: .separate, formats: NumberFormats(dtype))
      let analysis = try Analysis(
        configuration: configuration, hardware: Fixtures.catalog.hardware("h100-sxm"), workload: workload,
        phases: Phase.allCases, options: RateOptions())
      let generation = try Generation(analysis, tokens: 2)
      let compute = try XCTUnwrap(Fixtures.catalog.hardware("h100-sxm").compute)
      let rate = try XCTUnwrap(dtype == .fp32 ? compute.vector : compute.tensor[dtype])
      return try XCTUnwrap(generation.prefillUtilization.modelFLOPs) * rate
        * XCTUnwrap(generation.timeToFirstToken).value
    }
    XCTAssertEqual(try flops(.fp32), try flops(.tf32), accuracy: 1)
  }

  // MARK: sequence and pipeline parallelism

  private func wire(_ phase: PhaseAnalysis) -> UInt64 { phase.model.cost.wireBytes.value }

  /// Sequence parallelism moves the all-reduce's bytes in two halves, and shards norms and additions.
  func testSequenceParallelismMovesTheSameWireBytes() throws {
    for operators in OperatorSet.allCases {
      let plain = try analysis(operators: operators)
      let sharded = try analysis(operators: operators, parallelism: Parallelism(isSequenceParallel: true))
      for (before, after) in zip(plain.phases, sharded.phases) {
        XCTAssertEqual(wire(before), wire(after), "\(operators) \(before.step.phase)")
        XCTAssertEqual(before.model.cost.flops.tensor, after.model.cost.flops.tensor)
        XCTAssertFalse(after.operators.contains { $0.name.rawValue.contains("all_reduce") })
        let norm = try XCTUnwrap(after.operators.first { $0.name == .attnNorm })
        let whole = try XCTUnwrap(before.operators.first { $0.name == .attnNorm })
        // 20 480 rows over 8 ranks; 20 rows over 8 ranks are 3 each.
        XCTAssertEqual(
          norm.cost.flops.special.value, before.step.phase == .prefill ? 2560 : 3, "\(whole.cost.flops.special)")
      }
    }
  }

  func testSequenceParallelismAloneChangesNothing() throws {
    let plain = try analysis("llama-3.1-8b", "h100-sxm", tp: 1)
    let sharded = try analysis("llama-3.1-8b", "h100-sxm", tp: 1, parallelism: Parallelism(isSequenceParallel: true))
    XCTAssertEqual(plain.phases[0].operators.map(\.name), sharded.phases[0].operators.map(\.name))
    XCTAssertEqual(plain.phases[0].model.time, sharded.phases[0].model.time)
  }

  /// With equal stages the pass takes (m + pp − 1) stage times, of which (pp − 1)/(m + pp − 1) is waiting. Here the ends and
  /// the transfers are what stages differ by, so the bounds are those of the smallest and the largest stage.
  func testPipelineTakesStageTimesAndABubble() throws {
    let parallelism = Parallelism(pipeline: 4)
    let analysis = try analysis(parallelism: parallelism)
    let phase = analysis.phases[0]
    XCTAssertEqual(phase.step.batch, 5, "20 sequences in 4 micro-batches")
    let schedule = try XCTUnwrap(analysis.schedule(of: phase))
    XCTAssertEqual(schedule.bubble, 3.0 / 7.0)
    let layer = try XCTUnwrap(phase.layer.time).value
    let time = try XCTUnwrap(schedule.time).value
    XCTAssertGreaterThan(time, 7 * 20 * layer)
    XCTAssertLessThan(time, 7 * 20 * layer * 1.02)
    // B·T·H·2 of a micro-batch, at three boundaries.
    let transfer = try XCTUnwrap(phase.operators.first { $0.name == .stageTransfer })
    XCTAssertEqual(transfer.cost.wireBytes, 5 * 1024 * 8192 * 2)
    XCTAssertEqual(transfer.occurrences, 3)
  }

  /// Micro-batches queue in front of stages for a few hundred tokens: each waits for its own last token and for its turn.
  func testDecodeStepsKeepThePipelineFull() throws {
    for (stages, pieces) in [(4, 4), (4, 2), (4, 7), (8, 1), (2, 2), (8, 20)] as [(Int, Int)] {
      let analysis = try analysis(parallelism: Parallelism(pipeline: UInt64(stages), microBatches: UInt64(pieces)))
      let phase = analysis.phases[1]
      func seconds(_ isChosen: (RowScope) -> Bool) -> Double {
        phase.operators.filter { isChosen($0.scope) }.reduce(0) { $0 + ($1.time?.value ?? .nan) }
      }
      let times = (0..<stages).map { stage in
        Double(80 / stages) * seconds(\.isLayer) + (stage == 0 ? seconds { $0 == .beforeLayers } : 0)
          + seconds { $0 == (stage == stages - 1 ? .afterLayers : .boundary) }
      }
      var free = Array(repeating: 0.0, count: stages)
      var done = Array(repeating: 0.0, count: pieces)
      func token() {
        for piece in 0..<pieces {
          for stage in 0..<stages {
            done[piece] = max(done[piece], free[stage]) + times[stage]
            free[stage] = done[piece]
          }
        }
      }
      for _ in 0..<200 { token() }
      let before = done[0]
      for _ in 0..<100 { token() }
      let schedule = try XCTUnwrap(analysis.schedule(of: phase))
      XCTAssertEqual(
        try XCTUnwrap(schedule.time).value, (done[0] - before) / 100, accuracy: 1e-9, "\(stages) stages, \(pieces)")
      let idle = Double(stages - min(stages, pieces)) / Double(stages)
      XCTAssertEqual(schedule.bubble, idle, accuracy: 1e-15)
      let generation = try Generation(analysis, tokens: 3)
      XCTAssertEqual(generation.steps.first?.time, schedule.time)
    }
  }

  /// Shards of rows under sequence parallelism; in the fused set the stream and what the last addition normalised.
  func testAStageSendsWhatTheNextOneReads() throws {
    for (operators, isSharded, tensors, rows) in [
      (OperatorSet.separate, false, 1, 10), (.separate, true, 1, 2), (.fused, false, 2, 10), (.fused, true, 2, 2),
    ] as [(OperatorSet, Bool, UInt64, UInt64)] {
      let analysis = try analysis(
        operators: operators, parallelism: Parallelism(isSequenceParallel: isSharded, pipeline: 2))
      // Ten sequences of one token, on eight ranks two rows each; of 1024 tokens 1280 rows.
      for (phase, rows) in zip(analysis.phases, [isSharded ? 1280 : 10_240, rows]) {
        let transfer = try XCTUnwrap(phase.operators.first { $0.name == .stageTransfer })
        XCTAssertEqual(transfer.cost.wireBytes, Count(tensors * rows * 8192 * 2), "\(operators) \(phase.step.phase)")
      }
    }
  }

  func testMicroBatchesNeedAPipeline() throws {
    let analysis = try analysis(parallelism: Parallelism(microBatches: 4))
    XCTAssertEqual(analysis.phases[0].step.batch, 20, "one stage takes the batch whole")
  }

  /// 9 sequences in 8 micro-batches of at most 2 do the products of 9, in the time of 16.
  func testUnevenMicroBatchesDoOnlyTheirOwnWork() throws {
    let uneven = try Generation(analysis(batch: 9, parallelism: Parallelism(pipeline: 8)), tokens: 2)
    let full = try Generation(analysis(batch: 16, parallelism: Parallelism(pipeline: 8)), tokens: 2)
    XCTAssertEqual(uneven.timeToFirstToken, full.timeToFirstToken)
    XCTAssertEqual(
      try XCTUnwrap(uneven.prefillUtilization.modelFLOPs) * 16, try XCTUnwrap(full.prefillUtilization.modelFLOPs) * 9,
      accuracy: 1e-9)
  }

  func testAPipelineHasNoMoreMicroBatchesThanSequences() throws {
    let analysis = try analysis(batch: 3, parallelism: Parallelism(pipeline: 8))
    let schedule = try XCTUnwrap(analysis.schedule(of: analysis.phases[1]))
    XCTAssertEqual(schedule.microBatches, 3)
    XCTAssertEqual(analysis.phases[1].step.batch, 1)
  }

  func testStagesMustDivideTheLayers() {
    XCTAssertThrowsError(try analysis(parallelism: Parallelism(pipeline: 3))) { error in
      XCTAssertEqual(error as? InputError, .illegalPipeline(stages: 3, layers: 80, model: "llama-2-70b"))
    }
  }

  /// A ring all-reduce over 8 ranks takes 14 steps, a gather 7; each pays the latency.
  func testLinkLatencyIsPaidPerStep() throws {
    var options = RateOptions()
    options.linkLatency = 1e-3
    let fast = try analysis().phases[1]
    let slow = try analysis(options: options).phases[1]
    for (before, after) in zip(fast.operators, slow.operators) where before.bound == .network {
      let steps = before.kind == .allReduce ? 14.0 : 7.0
      XCTAssertEqual(
        try XCTUnwrap(after.time).value - XCTUnwrap(before.time).value, steps * 1e-3, accuracy: 1e-12,
        before.name.rawValue)
    }
  }
}
