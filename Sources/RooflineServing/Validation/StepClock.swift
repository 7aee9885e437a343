import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// Times of the passes of one model on some GPUs of one kind, as an engine runs them; each is computed once.
package final class StepClock {
  package let configuration: ModelConfiguration
  package let hardware: HardwareSpec
  /// Whose kernels run; nil: those that the calibration lists first.
  package let engine: Engine?
  private let workload: Workload
  private let rates: DeviceRates
  private let calibrated: CalibratedTime
  private var passes: [Shape: PassKernels] = [:]
  private var loads: [LoadKey: LoadFigures] = [:]

  private struct LoadKey: Hashable {
    var tier: StepPrediction.Tier
    var load: RequestLoad
  }

  private struct Shape: Hashable {
    var phase: Phase
    var head = HeadTokens.last
    var batch, tokens: UInt64
  }

  /// - Parameter cuts: into which kernels a layer is cut; nil: as the engine says.
  /// - Throws: where the degrees do not divide the model, or the GPU's file lacks a fact that calibrated times need.
  package init(
    _ configuration: ModelConfiguration, on hardware: HardwareSpec, _ calibrations: CalibrationSet, engine: Engine?,
    formats: StepFormats, tensorParallel: UInt64, pipelineParallel: UInt64, cuts: OperatorSet? = nil
  ) throws(InputError) {
    self.configuration = configuration
    self.hardware = hardware
    self.engine = engine
    var options = CalibratedTime.Options()
    options.conditions = KernelConditions(
      .serving, launch: engine?.launch ?? .graph, fusesQuantization: engine?.fusesQuantization ?? false,
      decodeVersions: engine?.decodeVersions ?? [])
    options.families = engine?.families(in: calibrations) ?? [:]
    workload = Workload(
      batch: 1, prompt: 1, context: 2, tensorParallel: tensorParallel,
      operatorSet: cuts ?? engine?.operatorSet ?? .fused, formats: formats.formats(model: configuration.dtype),
      // A batch goes through the stages as a whole.
      parallelism: Parallelism(pipeline: pipelineParallel, microBatches: pipelineParallel > 1 ? 1 : nil))
    try configuration.model.requireLegal(workload, name: configuration.name)
    rates = DeviceRates(hardware, RateOptions(), ranks: workload.devicesPerReplica.value)
    calibrated = TimeRequest(calibrations, options: options).time(
      of: configuration.model, formats: workload.formats)
  }

  package var ranks: UInt64 { workload.tensorParallel }

  /// Prompts of so many tokens, all of a batch together.
  ///
  /// - Throws: `InputError` where a count does not fit or a rate is missing.
  package func prefill(batch: UInt64, tokens: UInt64) throws(InputError) -> PassKernels {
    try pass(Shape(phase: .prefill, batch: batch, tokens: tokens))
  }

  /// A token of every sequence.
  ///
  /// - Parameter context: keys attended, the new token's included.
  package func decode(batch: UInt64, context: UInt64) throws(InputError) -> PassKernels {
    try pass(Shape(phase: .decode, batch: batch, tokens: context))
  }

  /// Prompts with the head on every token.
  package func forward(batch: UInt64, tokens: UInt64) throws(InputError) -> PassKernels {
    try pass(Shape(phase: .prefill, head: .all, batch: batch, tokens: tokens))
  }

  /// A closed loop as a benchmark runs it.
  func closedLoop(_ tier: StepPrediction.Tier, _ load: RequestLoad) throws(InputError) -> LoadFigures {
    let key = LoadKey(tier: tier, load: load)
    if let known = loads[key] { return known }
    var options = RateOptions()
    options.engine = tier == .engine ? engine?.pass : nil
    var workload = workload
    (workload.prompt, workload.context) = (load.prompt, load.prompt + 1)
    let analysis = try Analysis(
      configuration: configuration, hardware: hardware, workload: workload, phases: Phase.allCases, options: options,
      calibrated: tier == .roof ? nil : calibrated)
    var run = LoadRun(analysis, scheduler: engine?.scheduler ?? StepClock.usual, load: load)
    run.keyGrain = 64
    let figures = try run.figures()
    loads[key] = figures
    return figures
  }

  /// What is taken to put requests into passes where no engine says it.
  private static let usual = EngineScheduler(maxBatchedTokens: 8192, maxSequences: 1024)

  private func pass(_ shape: Shape) throws(InputError) -> PassKernels {
    if let known = passes[shape] { return known }
    var workload = workload
    (workload.batch, workload.head) = (shape.batch, shape.head)
    switch shape.phase {
    case .prefill: workload.prompt = shape.tokens
    case .decode: workload.context = shape.tokens
    }
    let step = DecoderStep(shape.phase, workload)
    let options = RateOptions()
    let phase = PhaseAnalysis(
      configuration.model, step, rates: rates, time: IdealTime(overlap: options.overlap), calibrated: calibrated)
    if let place = phase.overflow { throw .overflow(what: "\(place) (\(step.name))") }
    var kernels = PassKernels()
    for row in phase.operators {
      let times = Double(row.occurrences.value)
      guard let time = row.time, let ideal = row.prediction.ideal(rates, options).time else {
        throw .missingFacts(
          hardware: hardware.name, path: hardware.path,
          facts: hardware.missingFacts(for: row.cost, rates: rates, ranks: self.workload.devicesPerReplica.value))
      }
      kernels.seconds += times * time.value
      kernels.idealSeconds += times * ideal.value
      kernels.count += row.occurrences.value
    }
    passes[shape] = kernels
    return kernels
  }

  /// How many sequences of so many keys fit the memory together; nil where the GPU's memory is not known.
  ///
  /// - Parameter scheduler: the share of the memory that may be used, and the tokens of a pass, whose activations lie beside the caches.
  package func sequences(of keys: UInt64, _ scheduler: EngineScheduler) throws(InputError) -> UInt64? {
    guard let capacity = hardware.memory?.capacity else { return nil }
    var workload = workload
    workload.prompt = max(1, min(scheduler.maxBatchedTokens, keys - 1))
    workload.context = keys
    let footprint = try Footprint(
      FootprintPlan(configuration.model, workload, generated: 1, context: keys), reserve: 0, capacity: .max)
    let memory = footprint.largest
    let room =
      Double(capacity) * scheduler.memoryShare - Double(memory.total.value) + Double(memory.keyValueCache.value)
    guard memory.keyValueCache > 0 else { return nil }
    return UInt64(max(0, room / Double(memory.keyValueCache.value)))
  }
}
