import RooflineAnalysis
import RooflineCore

/// The decode steps of a generation, each computed when it is asked for: ten million of them take no memory.
///
/// Step j, from 0 on, attends to prompt + 1 + ⌊j·X⌋ + N keys: X tokens are kept a step, N drafted; without drafts one more key each.
package struct DecodeSteps: RandomAccessCollection, Sendable {
  /// One decode step.
  package struct Step: Hashable, Sendable {
    /// Keys attended, the new token and drafted ones included.
    package let context: UInt64
    /// Draft passes included; nil where a rate that it needs is missing.
    package let time: Seconds?
  }

  /// So many steps are listed, and added up one by one in the order of the list; more are added up as `DecodePasses` does.
  package static let listed = 8192
  /// Steps with draft passes are several analyses each: above so many, rows that do not change are added up once.
  private static let listedDrafts = 64

  private let meter: UtilizationMeter
  private let prompt: UInt64
  private let yield: DecodeYield
  private let drafts: DraftPasses?
  /// nil where the steps are few enough to be computed one by one.
  private let passes: DecodePasses?

  package let startIndex = 0
  package let endIndex: Int

  /// - Parameters:
  ///   - tokens: that the steps give each sequence.
  ///   - speculation: how drafts are made and kept; nil: a token a step.
  /// - Throws: `InputError.overflow` where a count of the last step does not fit; no other has larger ones.
  init(
    _ analysis: Analysis, _ meter: UtilizationMeter, after prompt: UInt64, tokens: UInt64,
    speculation: (step: SpeculativeStep, yield: DecodeYield)? = nil
  ) throws(InputError) {
    self.meter = meter
    self.prompt = prompt
    yield = speculation?.yield ?? .one
    endIndex = Int(yield.steps(for: tokens))
    guard endIndex > 0 else {
      (passes, drafts) = (nil, nil)
      return
    }
    let areMany = endIndex > (speculation == nil ? DecodeSteps.listed : DecodeSteps.listedDrafts)
    let first = prompt + yield.queryTokens
    let contexts = first...first + yield.tokens(after: UInt64(endIndex - 1))
    passes = areMany ? DecodePasses(analysis, contexts) : nil
    drafts = speculation.flatMap { DraftPasses($0.step, contexts, areMany: areMany) }
    _ = try meter.pass(.decode, context: contexts.upperBound)
  }

  package subscript(position: Int) -> Step {
    let context = context(position)
    let seconds = computed(context).seconds
    return Step(context: context, time: seconds.isNaN ? nil : Seconds(seconds))
  }

  private func context(_ position: Int) -> UInt64 {
    prompt + yield.queryTokens + yield.tokens(after: UInt64(position))
  }

  private func computed(_ context: UInt64) -> (seconds: Double, work: UtilizationMeter.Work) {
    let drafting = drafts?.passes(before: context)
    var (seconds, work) = (Double.nan, UtilizationMeter.Work())
    if let passes {
      let pass = passes.pass(at: context, draftSeconds: drafting?.seconds ?? 0)
      (seconds, work) = (pass.seconds, pass.work)
    } else if let pass = try? meter.pass(.decode, context: context, draftSeconds: drafting?.seconds ?? 0) {
      (seconds, work) = (pass.schedule.seconds, pass.work)
    }
    if let drafting { work.add(drafting.work) }
    return (seconds, work)
  }

  /// Steps added up.
  struct Sum {
    fileprivate(set) var seconds = 0.0
    fileprivate(set) var work = UtilizationMeter.Work()

    var time: Seconds? { seconds.isNaN ? nil : Seconds(seconds) }
  }

  /// Adds up a range of steps, and adds them to the sum of those before it.
  ///
  /// - Parameter willAdd: is told how many of the range's steps are done.
  /// - Returns: the time of the range; nil where a step's is unknown.
  func sum(over range: Range<Int>, onto total: inout Sum, willAdd: (UInt64) -> Void) -> Seconds? {
    guard let passes, drafts == nil else {
      var seconds = 0.0
      for position in range {
        let done = position - range.lowerBound
        if done > 0, done.isMultiple(of: 4096) { willAdd(UInt64(done)) }
        let own = computed(context(position))
        seconds += own.seconds
        total.seconds += own.seconds
        total.work.add(own.work)
      }
      return seconds.isNaN ? nil : Seconds(seconds)
    }
    let sum = passes.sum(over: context(range.lowerBound)...context(range.upperBound - 1), willAdd: willAdd)
    total.seconds += sum.seconds
    total.work.add(sum.work)
    return sum.seconds.isNaN ? nil : Seconds(sum.seconds)
  }
}
