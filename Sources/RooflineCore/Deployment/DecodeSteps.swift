/// The decode steps of a generation, each computed when it is asked for: ten million of them take no memory.
package struct DecodeSteps: RandomAccessCollection, Sendable {
  /// One decode step.
  package struct Step: Hashable, Sendable {
    /// Keys attended, the new token included.
    package let context: UInt64
    /// nil where a rate that it needs is missing.
    package let time: Seconds?
  }

  /// So many steps are listed, and added up one by one in the order of the list; more are added up as `DecodePasses` does.
  package static let listed = 8192

  private let meter: UtilizationMeter
  private let prompt: UInt64
  /// nil where the steps are few enough to be listed.
  private let passes: DecodePasses?

  package let startIndex = 0
  package let endIndex: Int

  /// - Throws: `InputError.overflow` where a count of the last step does not fit; no other has larger ones.
  init(_ analysis: Analysis, _ meter: UtilizationMeter, after prompt: UInt64, count: Int) throws(InputError) {
    self.meter = meter
    self.prompt = prompt
    endIndex = count
    if count > 0 { _ = try meter.pass(.decode, context: prompt + UInt64(count)) }
    passes = count > DecodeSteps.listed ? DecodePasses(analysis, prompt + 1...prompt + UInt64(count)) : nil
  }

  package subscript(position: Int) -> Step {
    let context = context(position)
    guard let passes else {
      return Step(context: context, time: (try? meter.pass(.decode, context: context))?.schedule.time)
    }
    let seconds = passes.pass(at: context).seconds
    return Step(context: context, time: seconds.isNaN ? nil : Seconds(seconds))
  }

  private func context(_ position: Int) -> UInt64 { prompt + 1 + UInt64(position) }

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
    guard let passes else {
      var seconds = 0.0
      for position in range {
        let pass = try? meter.pass(.decode, context: context(position))
        let own = pass?.schedule.seconds ?? .nan
        seconds += own
        total.seconds += own
        total.work.add(pass?.work ?? UtilizationMeter.Work())
      }
      return seconds.isNaN ? nil : Seconds(seconds)
    }
    let sum = passes.sum(over: context(range.lowerBound)...context(range.upperBound - 1), willAdd: willAdd)
    total.seconds += sum.seconds
    total.work.add(sum.work)
    return sum.seconds.isNaN ? nil : Seconds(sum.seconds)
  }
}
