/// G tokens for every sequence: a prefill, which yields the first, and G − 1 decode steps whose context grows by one each.
public struct Generation: Sendable {
  /// One decode step.
  public struct Step: Hashable, Sendable {
    /// Keys attended, the new token included.
    public let context: UInt64
    /// nil where a rate that it needs is missing.
    public let time: Seconds?
  }

  /// Shares of the datasheet's rates that a phase reaches over its whole time, on one device.
  public struct Utilization: Hashable, Sendable {
    /// Model FLOPs (matrix products as counted) over time × tensor peak; nil where time or peak is unknown.
    public let modelFLOPs: Double?
    /// Bytes moved over time × bandwidth.
    public let memoryBandwidth: Double?
    /// What the shares are made of: one device's FLOPs of matrix products, its bytes, the rates, the time.
    public let productFLOPs, bytes: Double
    public let peak, bandwidth: Double?
    public let time: Seconds?
  }

  public let tokens: UInt64
  public let prefill: PipelineSchedule
  public let steps: [Step]
  /// Sum of the steps' times.
  public let decodeTime: Seconds?
  public let prefillUtilization: Utilization
  /// Over all decode steps; nil when there are none.
  public let decodeUtilization: Utilization?
  private let workload: Workload

  /// Steps are computed one by one; more would keep a user waiting for minutes.
  public static let maximumTokens: UInt64 = 10_000_000

  /// - Throws: `InputError.usage` above `maximumTokens`, `.overflow` when a count of a step, or the number of steps, does not fit.
  public init(_ analysis: Analysis, tokens: UInt64) throws(InputError) {
    guard tokens <= Generation.maximumTokens else {
      throw .usage("--generate is \(tokens); at most 10,000,000 tokens are computed, step by step")
    }
    self.tokens = tokens
    workload = analysis.workload
    let (last, overflow) = workload.prompt.addingReportingOverflow(tokens - 1)
    guard !overflow, last <= Count.limit else { throw .overflow(what: "prompt + generated tokens") }
    let meter = UtilizationMeter(analysis)
    let prompt = try meter.pass(.prefill, context: workload.prompt)
    prefill = prompt.schedule
    prefillUtilization = meter.utilization(prompt.work, prompt.schedule.time)
    var steps: [Step] = []
    steps.reserveCapacity(Int(tokens - 1))
    var seconds = 0.0
    var work = UtilizationMeter.Work()
    for context in stride(from: workload.prompt + 1, through: last, by: 1) {
      let pass = try meter.pass(.decode, context: context)
      steps.append(Step(context: context, time: pass.schedule.time))
      seconds += pass.schedule.time?.value ?? .nan
      work.add(pass.work)
    }
    self.steps = steps
    decodeTime = seconds.isNaN ? nil : Seconds(seconds)
    decodeUtilization = steps.isEmpty ? nil : meter.utilization(work, decodeTime)
  }

  public var timeToFirstToken: Seconds? { prefill.time }

  /// TPOT: the mean decode step.
  public var meanTimePerOutputToken: Seconds? {
    steps.isEmpty ? nil : decodeTime.map { Seconds($0.value / Double(steps.count)) }
  }

  /// Prefill and all decode steps.
  public var totalTime: Seconds? {
    guard let first = timeToFirstToken, let rest = decodeTime else { return nil }
    return first + rest
  }

  /// Tokens a second while decoding, for one sequence: 1/TPOT.
  public var tokensPerSecondPerUser: Double? { meanTimePerOutputToken.map { 1 / $0.value } }

  /// B/(TPOT · t · pp).
  public var tokensPerSecondPerGPU: Double? {
    meanTimePerOutputToken.map { Double(workload.batch) / ($0.value * Double(workload.devicesPerReplica.value)) }
  }

  /// All replicas together.
  public var tokensPerSecond: Double? {
    meanTimePerOutputToken.map { Double(workload.batch) * Double(workload.parallelism.data) / $0.value }
  }
}

/// Runs passes and adds up what one device does in them.
struct UtilizationMeter {
  /// One device's share of a pass.
  struct Work {
    var modelFLOPs = 0.0
    var bytes = 0.0

    mutating func add(_ other: Work) {
      modelFLOPs += other.modelFLOPs
      bytes += other.bytes
    }
  }

  private let analysis: Analysis
  private let model: DecoderModel
  private let peak, bandwidth: Double?

  init(_ analysis: Analysis) {
    self.analysis = analysis
    model = analysis.configuration.model
    let unit = analysis.workload.formats.linearUnit
    let spec = analysis.hardware
    peak =
      unit.runsOnTensorCores
      ? analysis.options.tensorPeak ?? spec.compute?.tensor[unit] : analysis.options.vectorPeak ?? spec.compute?.vector
    bandwidth = analysis.options.bandwidth ?? spec.memory?.bandwidth
  }

  func pass(_ phase: Phase, context: UInt64) throws(InputError) -> (schedule: PipelineSchedule, work: Work) {
    var workload = analysis.workload
    workload.context = context
    let time = IdealTime(overlap: analysis.options.overlap)
    let pass = PhaseAnalysis(
      model, DecoderStep(phase, workload), rates: analysis.rates, time: time, calibrated: analysis.calibrated)
    if let place = pass.overflow { throw .overflow(what: "\(place) (\(phase.rawValue) at \(context) keys)") }
    let schedule = PipelineSchedule(pass, layers: model.numHiddenLayers, microBatches: workload.microBatches)
    // A stage does its share of the layers for every micro-batch; the largest micro-batch stands for all of them.
    let share = Double(schedule.microBatches) / Double(schedule.stages)
    // Products are done for real sequences: the smaller micro-batches' missing rows are no work.
    let fill = Double(workload.batch) / (Double(schedule.microBatches) * Double(pass.step.batch))
    let total = pass.model.cost
    let work = Work(
      modelFLOPs: Double(pass.productFLOPs.value) * share * fill, bytes: Double(total.traffic.total.value) * share)
    return (schedule, work)
  }

  func utilization(_ work: Work, _ time: Seconds?) -> Generation.Utilization {
    func share(_ amount: Double, _ rate: Double?) -> Double? {
      guard let time, let rate, time.value > 0 else { return nil }
      return amount / (time.value * rate)
    }
    return Generation.Utilization(
      modelFLOPs: share(work.modelFLOPs, peak), memoryBandwidth: share(work.bytes, bandwidth),
      productFLOPs: work.modelFLOPs, bytes: work.bytes, peak: peak, bandwidth: bandwidth, time: time)
  }
}

extension PhaseAnalysis {
  /// FLOPs of the matrix products alone, wherever they run: fp32 ones share the CUDA cores with other work.
  var productFLOPs: Count {
    operators.reduce(0) { sum, row in
      let product =
        row.cost.matrixUnit.map { $0.runsOnTensorCores ? row.cost.flops.tensor : row.cost.flops.vector } ?? 0
      return sum + product * row.occurrences
    }
  }
}
