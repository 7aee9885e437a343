import RooflineAnalysis
import RooflineCore

/// Passes of one phase in order: what they are asked of, and what they take.
struct PassTable {
  private let phase: Phase
  private var batches: [SweepBatch] = []
  private var shapes: [(tokens: UInt64, keys: UInt64)] = []
  /// The whole batch through all stages, s; NaN where a rate is missing.
  private(set) var seconds: [Double] = []
  /// FLOPs of matrix products on one device.
  private(set) var work: [Double] = []
  private(set) var bound: [Bound?] = []
  /// The most bytes of activations alive at once.
  private(set) var peak: [Count] = []
  private(set) var isOverflow: [Bool] = []

  init(_ phase: Phase) { self.phase = phase }

  var count: Int { shapes.count }

  mutating func append(_ batch: SweepBatch, tokens: UInt64, keys: UInt64) {
    batches.append(batch)
    shapes.append((tokens, keys))
  }

  /// Eight at a time.
  mutating func compute(_ passes: SweepPasses, _ memo: KernelMemo) {
    for array in [\PassTable.seconds, \.work] { self[keyPath: array].reserveCapacity(count) }
    bound.reserveCapacity(count)
    peak.reserveCapacity(count)
    isOverflow.reserveCapacity(count)
    var step = DecoderStep(phase, passes.workload)
    for first in stride(from: 0, to: count, by: PassBatch.width) {
      set(&step, first)
      let base = step
      var lanes = PassBatch.Shapes(base)
      let range = first..<min(first + PassBatch.width, count)
      for place in range.dropFirst() {
        set(&step, place)
        lanes.set(place - first, step)
      }
      compute(range, base, lanes, passes, memo)
    }
  }

  private func set(_ step: inout DecoderStep, _ place: Int) {
    step.batch = batches[place].microBatch
    step.queryTokens = shapes[place].tokens
    step.attendedKeys = shapes[place].keys
  }

  private mutating func compute(
    _ range: Range<Int>, _ base: DecoderStep, _ lanes: PassBatch.Shapes, _ passes: SweepPasses, _ memo: KernelMemo
  ) {
    let analysis = passes.analysis
    let model = analysis.configuration.model
    let plan =
      switch phase {
      case .prefill: base.queryTokens == 1 ? passes.single : passes.prefill
      case .decode: passes.decode
      }
    let batch = PassBatch(
      model, like: base, lanes, rates: analysis.rates, time: IdealTime(overlap: analysis.options.overlap),
      activations: plan)
    for place in range {
      let own = batches[place]
      let summary = batch[place - range.lowerBound]
      isOverflow.append(summary.isOverflow)
      peak.append(batch.activations(place - range.lowerBound) ?? 0)
      var step = base
      set(&step, place)
      if let calibrated = analysis.calibrated {
        let (sums, bounds) = memo.pass(model, step, analysis, calibrated)
        let schedule = PipelineSchedule(
          sums, stages: step.pipelineParallel, model, microBatches: own.microBatches,
          isSuccessive: phase == .decode)
        append(schedule.seconds, analysis, sums.kernels, sums.productFLOPs, own, bounds)
      } else if base.pipelineParallel > 1 {
        let schedule = batch.schedule(place - range.lowerBound, microBatches: own.microBatches)
        append(schedule.seconds, analysis, PassTable.starts(step, model), summary.productFLOPs, own, summary.bounds)
      } else {
        append(summary.seconds, analysis, PassTable.starts(step, model), summary.productFLOPs, own, summary.bounds)
      }
    }
  }

  /// How many kernels a pass starts.
  private static func starts(_ step: DecoderStep, _ model: DecoderModel) -> Double {
    ForwardPass<Count>(model, step).rows.reduce(0) { $0 + Double(signed: $1.occurrences) }
  }

  /// - Parameter kernels: how many are started; asked only where an engine wants to know.
  private mutating func append(
    _ time: Double, _ analysis: Analysis, _ kernels: @autoclosure () -> Double, _ product: Double, _ batch: SweepBatch,
    _ bounds: SIMD4<Double>
  ) {
    seconds.append(time + analysis.engineSeconds(kernels: kernels(), seconds: time, batch: batch.sequences))
    work.append(UtilizationMeter.Work(productFLOPs: product, bytes: 0, flops: 0, batch.share).modelFLOPs)
    bound.append(Bound.largest(bounds))
  }
}
