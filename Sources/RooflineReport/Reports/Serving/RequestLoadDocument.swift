import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineServing
import RooflineTimeModels

/// The JSON of `analyze` with requests over time, schema version 1.
struct RequestLoadDocument: Encodable {
  let schemaVersion = 1
  let model: AnalysisDocument.ModelEntry
  let hardware: HardwareEntry
  let workload: WorkloadEntry
  /// Only where an engine is given.
  let engine: EngineEntry?
  let load: LoadEntry
  let scheduler: SchedulerEntry
  let latency: LatencyEntry
  let throughput: ThroughputEntry
  let memory: MemoryEntry
  let notices: [String]

  /// The deployment: what it is asked stands in `load`.
  struct WorkloadEntry: Encodable {
    let tensorParallel, dataParallel: UInt64
    let sequenceParallel: Bool
    /// Absent without --ep and --cached-prefix.
    let expertParallel, cachedPrefix: UInt64?
    /// Absent without --pp.
    let pipelineParallel, microBatches: UInt64?
    /// Absent without --dp-attention.
    let attentionDataParallel: Bool?
    /// Absent without --draft: tokens drafted for a step, and tokens that it keeps on average.
    let draftTokens: UInt64?
    let acceptedTokens: Double?
    let operators, weightDType, activationDType, kvDType, residualDType: String
    let time: String
    /// Of kernels that are not ideal.
    let residency, launch: String?
  }

  struct LoadEntry: Encodable {
    /// static, closed or open.
    let kind: String
    let concurrency: UInt64?
    let arrivalsPerSecond: Double?
    let seed: UInt64?
    let prompt, generate, warmUpRequests, countedRequests: UInt64
    let isQueueGrowing: Bool
  }

  struct SchedulerEntry: Encodable {
    let maxNumBatchedTokens, maxNumSeqs: UInt64
    let prompts: String
    let memoryShare: Double
    /// whole or growing; the others only of growing ones.
    let cache: String
    let blockTokens: UInt64?
    let freeShare, reservedShare: Double?

    init(_ rules: EngineScheduler) {
      (maxNumBatchedTokens, maxNumSeqs) = (rules.maxBatchedTokens, rules.maxSequences)
      (prompts, memoryShare, cache) = (rules.prompts.rawValue, rules.memoryShare, rules.cache.word.rawValue)
      let growth = rules.cache.growth
      (blockTokens, freeShare, reservedShare) = (growth?.blockTokens, growth?.freeShare, growth?.reservedShare)
    }
  }

  struct DistributionEntry: Encodable {
    let meanSeconds, p50Seconds, p90Seconds, p95Seconds, p99Seconds: Double

    init(_ times: Distribution) {
      (meanSeconds, p50Seconds, p90Seconds) = (times.mean, times[.median], times[.p90])
      (p95Seconds, p99Seconds) = (times[.p95], times[.p99])
    }
  }

  struct LatencyEntry: Encodable {
    let ttft, queueing: DistributionEntry
    @Nullable var tpot: DistributionEntry?
    @Nullable var itl: DistributionEntry?
    let e2e: DistributionEntry
    /// Parts of the means.
    @Nullable var ownPromptSeconds: Double?
    @Nullable var othersInFirstTokenSeconds: Double?
    @Nullable var decodeStepSeconds: Double?
    @Nullable var othersPromptsSeconds: Double?
    @Nullable var interruptionsSeconds: Double?
  }

  struct ThroughputEntry: Encodable {
    let windowSeconds, busySeconds, promptPassSeconds: Double
    let passes, generatedTokens, promptTokens: UInt64
    /// Requests that were put off, and tokens that were computed again for it.
    let putOffs, againTokens: UInt64
    let requestsPerSecond, tokensPerSecondPerGPU, tokensPerSecond, allTokensPerSecond, meanSequences: Double
  }

  struct MemoryEntry: Encodable {
    let cacheBytes, peakReservedBytes: UInt64
  }

  init(_ report: LoadReport) {
    let (run, figures) = (report.run, report.figures)
    let analysis = run.analysis
    model = AnalysisDocument.ModelEntry(analysis.configuration)
    hardware = HardwareEntry(analysis.hardware, analysis.rates, analysis.workload.formats)
    workload = WorkloadEntry(analysis, run.speculation?.yield)
    engine = report.engine.map(EngineEntry.init)
    load = LoadEntry(run.load, figures)
    scheduler = SchedulerEntry(run.scheduler)
    latency = LatencyEntry(
      ttft: DistributionEntry(figures.timeToFirstToken), queueing: DistributionEntry(figures.queueing),
      tpot: figures.timePerOutputToken.map(DistributionEntry.init),
      itl: figures.betweenTokens.map(DistributionEntry.init), e2e: DistributionEntry(figures.endToEnd),
      ownPromptSeconds: figures.ownPrompt, othersInFirstTokenSeconds: figures.othersInFirstToken,
      decodeStepSeconds: figures.betweenTokensAlone, othersPromptsSeconds: figures.othersPrompts,
      interruptionsSeconds: figures.interruptions)
    let yield = run.yield(figures)
    throughput = ThroughputEntry(
      windowSeconds: figures.window, busySeconds: figures.busy, promptPassSeconds: figures.withPrompts,
      passes: figures.passes, generatedTokens: figures.generatedTokens, promptTokens: figures.promptTokens,
      putOffs: figures.putOffs, againTokens: figures.againTokens,
      requestsPerSecond: yield.requestsPerSecond, tokensPerSecondPerGPU: yield.tokensPerSecondPerGPU,
      tokensPerSecond: yield.tokensPerSecond, allTokensPerSecond: yield.allTokensPerSecond,
      meanSequences: figures.meanSequences)
    memory = MemoryEntry(cacheBytes: figures.cacheCapacity, peakReservedBytes: figures.peakReserved)
    notices = run.notices.map(\.sentence)
  }
}

extension RequestLoadDocument.WorkloadEntry {
  fileprivate init(_ analysis: Analysis, _ yield: DecodeYield?) {
    let (workload, formats) = (analysis.workload, analysis.workload.formats)
    (tensorParallel, dataParallel) = (workload.tensorParallel, workload.parallelism.data)
    sequenceParallel = workload.parallelism.isSequenceParallel
    expertParallel = workload.parallelism.expert > 1 ? workload.parallelism.expert : nil
    cachedPrefix = workload.cachedPrefix > 0 ? workload.cachedPrefix : nil
    let parallelism = workload.parallelism
    pipelineParallel = parallelism.pipeline > 1 ? parallelism.pipeline : nil
    microBatches = parallelism.pipeline > 1 ? parallelism.microBatches ?? parallelism.pipeline : nil
    attentionDataParallel = parallelism.isAttentionDataParallel ? true : nil
    (draftTokens, acceptedTokens) = (yield?.drafted, yield?.perStep)
    operators = workload.operatorSet.rawValue
    (weightDType, activationDType) = (formats.weight.rawValue, formats.activation.rawValue)
    (kvDType, residualDType) = (formats.keyValueCache.rawValue, formats.residual.rawValue)
    let calibrated = analysis.calibrated
    time = calibrated.map { $0.correction == nil ? "calibrated" : "anchored" } ?? "ideal"
    residency = calibrated?.options.conditions.cache.rawValue
    launch = calibrated?.options.conditions.launch.rawValue
  }
}

extension RequestLoadDocument.LoadEntry {
  fileprivate init(_ load: RequestLoad, _ figures: LoadFigures) {
    switch load.arrivals {
    case .together(let count): (kind, concurrency, arrivalsPerSecond, seed) = ("static", count, nil, nil)
    case .closed(let count): (kind, concurrency, arrivalsPerSecond, seed) = ("closed", count, nil, nil)
    case .open(let rate, let seed): (kind, concurrency, arrivalsPerSecond, self.seed) = ("open", nil, rate, seed)
    case .listed: (kind, concurrency, arrivalsPerSecond, seed) = ("listed", nil, nil, nil)
    }
    (prompt, generate) = (load.prompt, load.generated)
    (warmUpRequests, countedRequests) = (load.warmUp, load.counted)
    isQueueGrowing = figures.isQueueGrowing
  }
}
