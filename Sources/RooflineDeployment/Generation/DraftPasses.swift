import RooflineAnalysis
import RooflineCore

/// The passes of a draft module that stand before decode steps.
struct DraftPasses: Sendable {
  private let drafted: UInt64
  private let share: UtilizationMeter.Work.Share
  private let meter: UtilizationMeter
  /// nil where steps are few.
  private let passes: DecodePasses?

  /// - Parameters:
  ///   - module: of one micro-batch.
  ///   - contexts: keys that the steps attend to.
  init?(_ step: SpeculativeStep, _ contexts: ClosedRange<UInt64>, areMany: Bool) {
    guard let module = step.passes.first else { return nil }
    let workload = step.verification.workload
    drafted = workload.drafted
    share = UtilizationMeter.Work.Share(
      stages: workload.parallelism.pipeline, microBatches: workload.microBatches, batch: workload.batch,
      microBatch: workload.microBatchSize)
    meter = UtilizationMeter(module)
    passes = areMany ? DecodePasses(module, contexts.lowerBound - drafted...contexts.upperBound - 1) : nil
  }

  /// Those before the step at a context, one after another: draft pass i of N attends to context − N − 1 + i keys.
  ///
  /// - Returns: seconds of one micro-batch, NaN where a row's time is unknown, and a device's share of the work for all.
  func passes(before context: UInt64) -> (seconds: Double, work: UtilizationMeter.Work) {
    var (seconds, sum) = (0.0, UtilizationMeter.Work())
    for index in 1...drafted {
      let own = context - drafted - 1 + index
      let found: (seconds: Double, work: UtilizationMeter.Work)?
      if let passes {
        let pass = passes.pass(at: own)
        found = (pass.seconds, pass.work)
      } else {
        found = (try? meter.pass(.decode, context: own)).map { ($0.schedule.seconds, $0.work) }
      }
      seconds += found?.seconds ?? .nan
      guard let work = found?.work else { continue }
      sum.add(
        UtilizationMeter.Work(productFLOPs: work.modelFLOPs, bytes: work.bytes, flops: work.flops, share))
    }
    return (seconds, sum)
  }
}
