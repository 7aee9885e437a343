import RooflineCore

extension Analysis {
  /// What an engine adds to a pass, in parts that are not 0; empty without an engine, or where the time of a row is unknown.
  package func engineParts(of phase: PhaseAnalysis) -> [(part: PassOverhead.Part, time: Seconds)] {
    guard let engine = options.engine, let pass = overheadPass(of: phase) else { return [] }
    return PassOverhead.Part.allCases.compactMap { part in
      let seconds = engine.seconds(part, pass)
      return seconds > 0 ? (part, Seconds(seconds)) : nil
    }
  }

  /// A pass as an engine sees it; nil without an engine, or where the time of a row is unknown.
  package func overheadPass(of phase: PhaseAnalysis) -> PassOverhead.Pass? {
    guard options.engine != nil, let kernels = kernelTime(of: phase) else { return nil }
    return overheadPass(kernels: phase.kernelStarts, seconds: kernels.value, batch: workload.batch)
  }

  /// The kernels of a pass through all stages, without what an engine adds; nil where the time of a row is unknown.
  package func kernelTime(of phase: PhaseAnalysis) -> Seconds? {
    let seconds = PipelineSchedule(phase, configuration.model, microBatches: workload.microBatches).kernelSeconds
    return seconds.isNaN ? nil : Seconds(seconds)
  }

  /// - Parameter kernels: of one micro-batch through all layers.
  package func addEngine(to schedule: inout PipelineSchedule, kernels: Double) {
    schedule.engineSeconds = engineSeconds(kernels: kernels, seconds: schedule.kernelSeconds, batch: workload.batch)
  }

  /// What an engine adds to a pass of a batch, s; 0 without one, and where the time of the kernels is unknown.
  package func engineSeconds(kernels: @autoclosure () -> Double, seconds: Double, batch: UInt64) -> Double {
    guard let engine = options.engine, !seconds.isNaN else { return 0 }
    return engine.seconds(overheadPass(kernels: kernels(), seconds: seconds, batch: batch))
  }

  private func overheadPass(kernels: Double, seconds: Double, batch: UInt64) -> PassOverhead.Pass {
    let isAlone = workload.parallelism.isAttentionDataParallel
    let ranks = workload.tensorParallel
    return PassOverhead.Pass(
      sequences: isAlone ? (batch - 1) / ranks + 1 : batch, ranks: ranks, kernels: kernels,
      vocabulary: configuration.model.vocabSize, kernelSeconds: seconds)
  }
}

extension PhaseAnalysis {
  /// How many kernels one micro-batch starts on its way through all layers.
  var kernelStarts: Double { operators.reduce(0) { $0 + Double(signed: $1.occurrences) } }
}
