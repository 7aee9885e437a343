import RooflineCore
import RooflineTimeModels

/// A model on a GPU under a workload: the passes asked for, row by row.
///
/// It never changes, and is large: what is made of it refers to it.
public final class Analysis: Sendable {
  /// The model.
  public let configuration: ModelConfiguration
  /// The GPU that all devices are.
  public let hardware: HardwareSpec
  /// What was asked of the model.
  public let workload: Workload
  /// What the run changes about the GPU's rates.
  public let options: RateOptions
  /// The rates that ideal times divide by, those changes included.
  public let rates: DeviceRates
  /// The passes, in the order in which they were asked for; of a training step forward and backward.
  public let phases: [PhaseAnalysis]
  /// Where times are from that are not ideal; nil: all of them are.
  package let calibrated: CalibratedTime?
  /// Sums over both passes; nil unless it is a training step.
  package let trainingTotals: TrainingTotals?
  /// What a reader of the numbers should know.
  public let notices: [Notice]

  /// - Throws: `InputError.illegalTensorParallel`, `.overflow`, or `.missingFacts` when the GPU lacks a rate other than the
  ///   link's. A missing link leaves the times that need it unknown and is a notice.
  package convenience init(
    configuration: ModelConfiguration, hardware: HardwareSpec, workload: Workload, phases: [Phase],
    options: RateOptions,
    calibrated: CalibratedTime? = nil
  ) throws(InputError) {
    try self.init(configuration, hardware, workload, phases.map { DecoderStep($0, workload) }, options, calibrated)
  }

  /// A training step over `workload.prompt` tokens of every sequence: a forward and a backward pass.
  ///
  /// - Throws: as the other.
  public convenience init(
    training configuration: ModelConfiguration, hardware: HardwareSpec, workload: Workload, options: RateOptions
  ) throws(InputError) {
    let steps = TrainingPass.allCases.map { DecoderStep($0, workload) }
    try self.init(configuration, hardware, workload, steps, options, nil)
  }

  private init(
    _ configuration: ModelConfiguration, _ hardware: HardwareSpec, _ workload: Workload, _ steps: [DecoderStep],
    _ options: RateOptions, _ calibrated: CalibratedTime?
  ) throws(InputError) {
    let model = configuration.model
    try model.requireLegal(workload, name: configuration.name)
    try options.requireShares()
    self.configuration = configuration
    self.hardware = hardware
    self.workload = workload
    self.options = options
    self.calibrated = calibrated
    if workload.tensorParallel > 1, steps.contains(where: \.isTraining) {
      // Gradients of the latents' projections, which run on every rank, are partial sums: their collectives are not stated.
      guard !model.hasLatentAttention, !model.hasCompressedAttention else {
        throw .usage("--training: attention over latents under tensor parallelism is not counted; leave --tp out")
      }
      // The same of the projections to low rank of decays and output gates.
      guard !model.hasKimiDeltaAttention else {
        throw .usage("--training: Kimi delta attention under tensor parallelism is not counted; leave --tp out")
      }
    }
    if model.hasLatentAttention, workload.latentAttention == .absorbed, steps.contains(where: \.isTraining) {
      throw .usage(
        "--training: absorbed attention reads a cache of latents, and a training step keeps none; leave --mla out")
    }
    if model.isQuantized, steps.contains(where: \.isTraining) {
      throw .usage(
        "--training: \(configuration.name) is quantised, which says nothing of its training; state a format with --dtype"
      )
    }
    let rates = DeviceRates(hardware, options, ranks: workload.devicesPerReplica.value)
    self.rates = rates
    phases = steps.map { step in
      PhaseAnalysis(model, step, rates: rates, time: IdealTime(overlap: options.overlap), calibrated: calibrated)
    }
    for phase in phases {
      if let row = phase.missingGradients.first {
        throw .usage(
          "--training: the gradients of \(row.rawValue), a row of \(configuration.architecture), are not counted")
      }
      if let place = phase.overflow { throw .overflow(what: "\(place) (\(phase.step.name))") }
    }
    for phase in phases {
      if let row = phase.operators.first(where: { $0.prediction.seconds.isInfinite }) {
        throw .infiniteTime(what: "\(row.name.rawValue) (\(phase.step.name))", hardware: hardware.name)
      }
    }
    trainingTotals = TrainingTotals(phases)
    if trainingTotals?.model.total.cost.isOverflow == true { throw .overflow(what: "the sum over both passes") }
    let missing = Analysis.missingFacts(phases, hardware, rates, workload, options)
    // A rate that nobody has written down leaves its times unknown. One that the GPU cannot have asks for another format.
    let required = missing.filter(\.isImpossible)
    guard required.isEmpty else {
      throw .missingFacts(hardware: hardware.name, path: hardware.path, facts: required)
    }
    var notices = Analysis.notices(
      configuration, workload, steps, missing: missing, hardware: hardware, options: options)
    if let calibrated { notices += Notice.calibration(calibrated, phases.flatMap(\.operators)) }
    self.notices = notices
  }

  /// How a pass goes through its pipeline stages; nil without a pipeline.
  public func schedule(of phase: PhaseAnalysis) -> PipelineSchedule? {
    guard workload.parallelism.pipeline > 1 else { return nil }
    return wholeSchedule(of: phase)
  }

  /// The same with or without a pipeline; with what an engine adds.
  ///
  /// - Parameter draftSeconds: what draft modules take for a micro-batch.
  package func wholeSchedule(of phase: PhaseAnalysis, draftSeconds: Double = 0) -> PipelineSchedule {
    var schedule = PipelineSchedule(
      phase, configuration.model, microBatches: workload.microBatches, draftSeconds: draftSeconds)
    addEngine(to: &schedule, kernels: phase.kernelStarts)
    return schedule
  }

  /// All of the batch through all stages, with what an engine adds; nil where the time of a row is unknown.
  package func time(of phase: PhaseAnalysis) -> Seconds? { wholeSchedule(of: phase).time }

  /// What generating tokens adds to the notices.
  package func notices(generating tokens: UInt64) -> [Notice] {
    guard let limit = configuration.maxPositionEmbeddings, workload.promptKeys <= limit else { return [] }
    return Notice.beyond(
      limit, workload.cachedPrefix > 0 ? "prefix, prompt and generated tokens" : "prompt and generated tokens",
      workload.promptKeys.addingReportingOverflow(tokens - 1).partialValue)
  }

  private static func missingFacts(
    _ phases: [PhaseAnalysis], _ hardware: HardwareSpec, _ rates: DeviceRates, _ workload: Workload,
    _ options: RateOptions
  ) -> [MissingFact] {
    var missing: [MissingFact] = []
    for phase in phases {
      for row in phase.operators where row.time == nil {
        for fact in hardware.missingFacts(
          for: row.cost, rates: rates, ranks: workload.devicesPerReplica.value, board: options.board)
        where !missing.contains(fact) {
          missing.append(fact)
        }
      }
    }
    return missing
  }

  private static func notices(
    _ configuration: ModelConfiguration, _ workload: Workload, _ steps: [DecoderStep], missing: [MissingFact],
    hardware: HardwareSpec, options: RateOptions
  ) -> [Notice] {
    var notices: [Notice] = []
    let isTraining = steps.contains(where: \.isTraining)
    if let limit = configuration.maxPositionEmbeddings {
      if workload.promptKeys > limit {
        let what = workload.cachedPrefix > 0 ? "cached prefix and prompt" : isTraining ? "sequence" : "prompt"
        notices.append(.beyondMaxPositions(what: what, tokens: workload.promptKeys, limit: limit))
      } else if steps.contains(where: { $0.phase == .decode }), workload.context > limit {
        notices.append(.beyondMaxPositions(what: "context", tokens: workload.context, limit: limit))
      }
    }
    if !missing.isEmpty {
      notices.append(.missingFacts(hardware: hardware.name, path: hardware.path, facts: missing))
    }
    notices += Notice.deployment(configuration.model, workload, hardware, options, isTraining: isTraining)
    notices += Notice.experts(configuration.model, steps)
    if isTraining {
      let hasIndexers = configuration.model.groups.contains { $0.mixer?.cache.index != nil }
      notices.append(.trainingScope(hasIndexers: hasIndexers))
    }
    if configuration.hasOwnCode { notices.append(.ownCode) }
    notices += configuration.notices
    return notices + [Notice.scales(of: workload.formats)].compactMap { $0 }
  }
}
