/// Runs passes and adds up what one device does in them.
struct UtilizationMeter {
  /// One device's share of a pass.
  struct Work {
    var modelFLOPs = 0.0
    var bytes = 0.0
    /// All FLOPs, of norms and softmax too.
    var flops = 0.0

    init() {}

    /// - Parameters:
    ///   - productFLOPs: of matrix products, of one micro-batch through the model.
    ///   - bytes: of memory traffic, of the same.
    ///   - flops: of all units, of the same.
    ///   - microBatch: sequences of the largest micro-batch.
    init(
      productFLOPs: Double, bytes: Double, flops: Double, schedule: PipelineSchedule, batch: UInt64, microBatch: UInt64
    ) {
      // A stage does its share of the layers for every micro-batch; the largest micro-batch stands for all of them.
      let share = Double(schedule.microBatches) / Double(schedule.stages)
      // Products are done for real sequences: the smaller micro-batches' missing rows are no work.
      let fill = Double(batch) / (Double(schedule.microBatches) * Double(microBatch))
      modelFLOPs = productFLOPs * share * fill
      self.bytes = bytes * share
      self.flops = flops * share * fill
    }

    mutating func add(_ other: Work, times: Double = 1) {
      modelFLOPs += other.modelFLOPs * times
      bytes += other.bytes * times
      flops += other.flops * times
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
    let schedule = PipelineSchedule(pass, model, microBatches: workload.microBatches)
    let work = Work(
      productFLOPs: Double(pass.productFLOPs.value), bytes: Double(pass.model.cost.traffic.total.value),
      flops: Double(pass.model.cost.flops.total.value), schedule: schedule, batch: workload.batch,
      microBatch: pass.step.batch)
    return (schedule, work)
  }

  func utilization(_ work: Work, _ time: Seconds?) -> Generation.Utilization {
    func share(_ amount: Double, _ rate: Double?) -> Double? {
      guard let time, let rate, time.value > 0 else { return nil }
      return amount / (time.value * rate)
    }
    return Generation.Utilization(
      modelFLOPs: share(work.modelFLOPs, peak), memoryBandwidth: share(work.bytes, bandwidth),
      productFLOPs: work.modelFLOPs, bytes: work.bytes, flops: work.flops, peak: peak, bandwidth: bandwidth, time: time)
  }
}

extension PhaseAnalysis {
  /// FLOPs of the matrix products alone.
  var productFLOPs: Count {
    operators.reduce(0) { sum, row in sum + row.cost.productFLOPs * row.occurrences }
  }
}
