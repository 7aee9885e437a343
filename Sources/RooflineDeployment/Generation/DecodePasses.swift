import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// Decode passes of one workload at many contexts.
///
/// Only attention's rows change with the context: the others are added up once. Where the counts of those that change are
/// straight lines in the context and their times ideal, each row's time is the largest of a few straight lines (or their sum),
/// so the time of a pass is a straight line as long as the same roofs bind at both ends: the sum over any number of contexts is
/// then their number times the mean of the first and the last. Calibrated times bend with every block of keys, and are added up
/// one by one.
package struct DecodePasses: Sendable {
  private let model: DecoderModel
  private let analysis: Analysis
  private let microBatches: UInt64
  /// Of the rows, by their place in the pass, those that the context changes.
  private let isGrowing: [Bool]
  private let constant: PassSums
  /// Whether sums over contexts have the closed form.
  package let isClosed: Bool

  /// - Parameter contexts: those that will be asked for.
  package init(_ analysis: Analysis, _ contexts: ClosedRange<UInt64>) {
    self.analysis = analysis
    model = analysis.configuration.model
    microBatches = analysis.workload.microBatches
    let (first, last) = (
      DecodePasses.step(analysis.workload, contexts.lowerBound),
      DecodePasses.step(analysis.workload, contexts.upperBound)
    )
    let (model, calibrated) = (model, analysis.calibrated)
    func facts(_ step: DecoderStep) -> [(cost: OperatorCost, timed: [Double]?)] {
      ForwardPass<Count>(model, step).rows.map { row in
        // A kernel that nobody has constants for keeps its ideal time.
        let isTimed = calibrated?.found(row.kernel) != nil
        return (row.operator.cost, isTimed ? row.kernel.place?.identity : nil)
      }
    }
    let (early, late) = (facts(first), facts(last))
    let isLinear = ForwardPass<LinearCount>(model, first).map(LinearCounts()).map { $0.allSatisfy(\.isLinear) }
    // A straight line that is the same at both ends is the same between them.
    isGrowing = zip(zip(early, late), isLinear).map { ends, isLinear in
      !isLinear || ends.0.cost != ends.1.cost || ends.0.timed != ends.1.timed
    }
    constant = PassSums(
      ForwardPass(model, first), isGrowing.map { !$0 }, groups: model.groups.count, rates: analysis.rates,
      time: IdealTime(overlap: analysis.options.overlap), timing: calibrated.map { $0.timed })
    let isTimed = zip(late, isGrowing).contains { $1 && $0.timed != nil }
    // An engine that starts kernels one by one has a floor under every pass, which bends the line.
    isClosed = isLinear.allSatisfy(\.self) && !isTimed && analysis.options.engine?.launchFloor ?? 0 == 0
  }

  private static func step(_ workload: Workload, _ context: UInt64) -> DecoderStep {
    var workload = workload
    workload.context = context
    return DecoderStep(.decode, workload)
  }

  /// A pass through the pipeline, and what one device does in it.
  struct Pass {
    var seconds: Double
    var work: UtilizationMeter.Work
    /// Which roofs and which stage decide.
    fileprivate var binding: (roofs: [UInt8], stage: UInt64, isFull: Bool)
  }

  /// - Parameter draftSeconds: what draft modules take for a micro-batch.
  func pass(at context: UInt64, draftSeconds: Double = 0) -> Pass {
    let step = DecodePasses.step(analysis.workload, context)
    var sums =
      constant
      + PassSums(
        ForwardPass(model, step), isGrowing, groups: model.groups.count, rates: analysis.rates,
        time: IdealTime(overlap: analysis.options.overlap), timing: analysis.calibrated.map { $0.timed })
    sums.addDrafts(draftSeconds)
    var schedule = PipelineSchedule(
      sums, stages: step.pipelineParallel, model, microBatches: microBatches, isSuccessive: true)
    analysis.addEngine(to: &schedule, kernels: sums.kernels)
    return Pass(
      seconds: schedule.seconds,
      work: UtilizationMeter.Work(
        productFLOPs: sums.productFLOPs, bytes: sums.bytes, flops: sums.flops, schedule: schedule,
        batch: analysis.workload.batch,
        microBatch: step.batch),
      binding: (sums.binding, schedule.slowestIndex, schedule.isFull))
  }

  /// Passes at neighbouring contexts added up.
  package struct Sum {
    package var seconds = 0.0
    package var work = UtilizationMeter.Work()
    /// What rounding took from `seconds` so far: ten million terms would cost three digits.
    private var lost = 0.0

    init() {}

    mutating func add(_ pass: Pass) { add(pass, pass, count: 1) }

    /// `count` passes on a straight line from one to another.
    mutating func add(_ first: Pass, _ last: Pass, count: UInt64) {
      let half = Double(count) / 2
      let term = half * (first.seconds + last.seconds) - lost
      let sum = seconds + term
      lost = (sum - seconds) - term
      seconds = sum
      work.add(first.work, times: half)
      work.add(last.work, times: half)
    }

    mutating func add(_ other: Sum) {
      seconds += other.seconds
      work.add(other.work, times: 1)
    }
  }

  /// - Parameter willAdd: is told every few thousand passes how many of them are done, where they are added up one by one.
  package func sum(over contexts: ClosedRange<UInt64>, willAdd: (UInt64) -> Void) -> Sum {
    var sum = Sum()
    guard isClosed else {
      for context in contexts {
        let done = context - contexts.lowerBound
        if done.isMultiple(of: 4096) { willAdd(done) }
        sum.add(pass(at: context))
      }
      return sum
    }
    add(contexts, pass(at: contexts.lowerBound), pass(at: contexts.upperBound), to: &sum)
    return sum
  }

  /// Halves a range until the same roofs bind at both of its ends. A roof that binds at both ends binds between them, since the largest
  /// of straight lines is convex.
  private func add(_ contexts: ClosedRange<UInt64>, _ first: Pass, _ last: Pass, to sum: inout Sum) {
    let (low, high) = (contexts.lowerBound, contexts.upperBound)
    guard low < high else { return sum.add(first) }
    if first.binding == last.binding { return sum.add(first, last, count: high - low + 1) }
    let middle = low + (high - low) / 2
    add(low...middle, first, pass(at: middle), to: &sum)
    add(middle + 1...high, pass(at: middle + 1), last, to: &sum)
  }
}
