import RooflineAnalysis
import RooflineCore

/// Runs passes and adds up what one device does in them.
package struct UtilizationMeter {
  /// One device's share of a pass.
  package struct Work {
    package var modelFLOPs = 0.0
    package var bytes = 0.0
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
      self.init(
        productFLOPs: productFLOPs, bytes: bytes, flops: flops,
        Share(
          stages: schedule.stages, microBatches: schedule.microBatches, batch: batch, microBatch: microBatch))
    }

    init(productFLOPs: Double, bytes: Double, flops: Double, _ share: Share) {
      modelFLOPs = productFLOPs * share.layers * share.sequences
      self.bytes = bytes * share.layers
      self.flops = flops * share.layers * share.sequences
    }

    /// What one stage does of a pass of one micro-batch through all layers, for all micro-batches.
    struct Share {
      /// A stage does its share of the layers for every micro-batch; the largest micro-batch stands for all of them.
      let layers: Double
      /// Products are done for real sequences: the smaller micro-batches' missing rows are no work.
      let sequences: Double

      init(stages: UInt64, microBatches: UInt64, batch: UInt64, microBatch: UInt64) {
        layers = Double(microBatches) / Double(stages)
        sequences = Double(batch) / (Double(microBatches) * Double(microBatch))
      }
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

  package init(_ analysis: Analysis) {
    self.analysis = analysis
    model = analysis.configuration.model
    peak = MatrixUnits(model, analysis.workload, analysis.rates).peak(analysis.hardware, analysis.options)
    bandwidth = analysis.options.bandwidth ?? analysis.hardware.memory?.bandwidth
  }

  /// - Parameter draftSeconds: what draft modules take for a micro-batch.
  package func pass(
    _ phase: Phase, context: UInt64, draftSeconds: Double = 0
  ) throws(InputError) -> (schedule: PipelineSchedule, work: Work) {
    var workload = analysis.workload
    workload.context = context
    let time = IdealTime(overlap: analysis.options.overlap)
    let pass = PhaseAnalysis(
      model, DecoderStep(phase, workload), rates: analysis.rates, time: time, calibrated: analysis.calibrated)
    if let place = pass.overflow { throw .overflow(what: "\(place) (\(phase.rawValue) at \(context) keys)") }
    let schedule = analysis.wholeSchedule(of: pass, draftSeconds: draftSeconds)
    let work = Work(
      productFLOPs: pass.productWork, bytes: Double(pass.model.cost.traffic.total.value),
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
