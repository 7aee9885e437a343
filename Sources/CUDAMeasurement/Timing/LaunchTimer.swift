import RooflineCore
import RooflineMeasurement

/// Times single pieces of work in a stream of its own by a pair of events each.
package final class LaunchTimer {
  package let stream: DeviceStream
  private let context: Context
  /// One for each sample that is queued at a time.
  private var pairs: [(start: Event, end: Event)]
  private let clock = ContinuousClock()

  package init(_ context: Context) throws(GPUFault) {
    self.context = context
    stream = try DeviceStream(context)
    pairs = [(try Event(context), try Event(context))]
  }

  /// What was taken of one piece of work.
  struct Taken {
    /// Seconds, in the order in which they were taken.
    var samples: [Double]
    /// Why no more were.
    var end: StoppingRule.Reason
  }

  /// Runs the work until the rule is content.
  ///
  /// Three runs before the first sample load the code and wake the clocks.
  ///
  /// - Parameters:
  ///   - batch: samples, one at least, that are queued one behind the other before anybody waits for them, so that the device does not rest
  ///     between them.
  ///   - cover: queues what keeps the device busy until all of a batch's first sample is queued; without it the time that the
  ///     CPU needs to queue the work is part of a short sample.
  ///   - work: queues the work in the stream.
  ///   - isInterrupted: asked before each batch.
  ///   - companions: calls, covers and all, that are queued behind a middle sample and not timed, so that the device works
  ///     for as long as somebody looks at it; 0: nobody looks.
  ///   - look: called once, while the device works on a middle sample and its companions.
  /// - Returns: nil where it was interrupted.
  func samples(
    rule: StoppingRule = StoppingRule(), batch: Int = 1, cover: (DeviceStream) throws(GPUFault) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }, companions: Int = 0, look: () -> Void = {},
    _ work: (DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> Taken? {
    while pairs.count < batch { pairs.append((try Event(context), try Event(context))) }
    for _ in 0..<3 { try work(stream) }
    try stream.synchronize()
    let began = clock.now
    var samples: [Double] = []
    var isLookDue = companions > 0
    while true {
      let elapsed = LaunchTimer.seconds(clock.now - began)
      if let end = rule.reason(samples: samples, elapsed: elapsed) { return Taken(samples: samples, end: end) }
      if isInterrupted() { return nil }
      try cover(stream)
      for pair in pairs.prefix(batch) { try queue(work, between: pair) }
      if isLookDue, rule.isMidway(samples: samples, elapsed: elapsed) {
        for _ in 0..<companions {
          try cover(stream)
          try work(stream)
        }
        look()
        isLookDue = false
      }
      // Whatever was queued before the last end is done with it.
      try pairs[batch - 1].end.synchronize()
      for pair in pairs.prefix(batch) { samples.append(try LaunchTimer.seconds(pair)) }
    }
  }

  /// Seconds that the work takes once.
  func once(_ work: (DeviceStream) throws(GPUFault) -> Void) throws(GPUFault) -> Double {
    try queue(work, between: pairs[0])
    try pairs[0].end.synchronize()
    return try LaunchTimer.seconds(pairs[0])
  }

  private func queue(
    _ work: (DeviceStream) throws(GPUFault) -> Void, between pair: (start: Event, end: Event)
  ) throws(GPUFault) {
    try pair.start.record(in: stream)
    try work(stream)
    try pair.end.record(in: stream)
  }

  /// Between two events that the device has passed.
  private static func seconds(_ pair: (start: Event, end: Event)) throws(GPUFault) -> Double {
    try plausible(try pair.end.seconds(since: pair.start))
  }

  /// A time that the driver gave, or a share of one.
  ///
  /// - Throws: `GPUFault.implausibleTime` for what is no time: a rate made of it would be nonsense, and no rule could end.
  static func plausible(_ seconds: Double) throws(GPUFault) -> Double {
    guard SampleStatistics.plausible.contains(seconds) else { throw .implausibleTime(seconds) }
    return seconds
  }

  static func seconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
