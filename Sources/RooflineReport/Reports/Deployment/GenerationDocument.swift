import RooflineAnalysis
import RooflineCore
import RooflineDeployment

/// `generation` in the JSON of `analyze`. Totals are sums of the steps; times are unrounded seconds.
struct GenerationDocument: Encodable {
  let tokens: UInt64
  @Nullable var timeToFirstTokenSeconds: Double?
  /// Up to `DecodeSteps.listed` of them; null where there are more, and `stepRanges` sum them up.
  @Nullable var steps: [StepEntry]?
  let stepRanges: [RangeEntry]?
  let timePerOutputTokenSeconds: PerTokenEntry
  @Nullable var decodeSeconds: Double?
  @Nullable var totalSeconds: Double?
  let tokensPerSecond: ThroughputEntry
  let devices: UInt64
  /// One device's, of the prefill and all steps.
  let flops, bytes: Double
  let utilization: [String: UtilizationEntry]

  struct StepEntry: Encodable {
    let context: UInt64
    @Nullable var timeSeconds: Double?
  }

  /// Neighbouring steps.
  struct RangeEntry: Encodable {
    let fromContext, toContext, steps: UInt64
    @Nullable var firstSeconds: Double?
    @Nullable var lastSeconds: Double?
    /// All of them, one after another.
    @Nullable var sumSeconds: Double?

    init(_ range: Generation.StepRange) {
      fromContext = range.first.context
      toContext = range.last.context
      steps = UInt64(range.count)
      firstSeconds = range.first.time?.value
      lastSeconds = range.last.time?.value
      sumSeconds = range.time?.value
    }
  }

  struct PerTokenEntry: Encodable {
    @Nullable var mean: Double?
    @Nullable var first: Double?
    @Nullable var last: Double?
  }

  struct ThroughputEntry: Encodable {
    @Nullable var perUser: Double?
    @Nullable var perGPU: Double?
    @Nullable var total: Double?
  }

  struct UtilizationEntry: Encodable {
    @Nullable var mfu: Double?
    @Nullable var mbu: Double?

    init(_ utilization: Generation.Utilization?) {
      mfu = utilization?.modelFLOPs
      mbu = utilization?.memoryBandwidth
    }
  }

  init(_ generation: Generation, _ workload: Workload) {
    tokens = generation.tokens
    timeToFirstTokenSeconds = generation.timeToFirstToken?.value
    let areListed = generation.steps.count <= DecodeSteps.listed
    steps = areListed ? generation.steps.map { StepEntry(context: $0.context, timeSeconds: $0.time?.value) } : nil
    stepRanges = areListed ? nil : generation.ranges.map(RangeEntry.init)
    timePerOutputTokenSeconds = PerTokenEntry(
      mean: generation.meanTimePerOutputToken?.value,
      first: generation.timePerOutputToken(of: generation.steps.first)?.value,
      last: generation.timePerOutputToken(of: generation.steps.last)?.value)
    decodeSeconds = generation.decodeTime?.value
    totalSeconds = generation.totalTime?.value
    tokensPerSecond = ThroughputEntry(
      perUser: generation.tokensPerSecondPerUser, perGPU: generation.tokensPerSecondPerGPU,
      total: generation.tokensPerSecond)
    devices = workload.devices.value
    (flops, bytes) = (generation.flops, generation.bytes)
    utilization = [
      "prefill": UtilizationEntry(generation.prefillUtilization),
      "decode": UtilizationEntry(generation.decodeUtilization),
    ]
  }
}

/// How a pass goes through its pipeline stages.
struct PipelineEntry: Encodable {
  let stages: UInt64
  let microBatches: UInt64
  let microBatchSize: UInt64
  let bubble: Double
  @Nullable var traversalSeconds: Double?
  @Nullable var slowestStageSeconds: Double?
  /// traversal + (microBatches − 1) × slowestStage; of decode steps max(traversal, microBatches × slowestStage).
  @Nullable var timeSeconds: Double?

  init(_ schedule: PipelineSchedule, _ workload: Workload) {
    stages = schedule.stages
    microBatches = schedule.microBatches
    microBatchSize = workload.microBatchSize
    bubble = schedule.bubble
    traversalSeconds = schedule.traversal?.value
    slowestStageSeconds = schedule.slowestStage?.value
    timeSeconds = schedule.time?.value
  }
}
