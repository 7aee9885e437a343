import RooflineCore
import RooflineMeasurement

/// Times single pieces of work in a stream of its own by a pair of events each.
package final class LaunchTimer {
  package let stream: DeviceStream
  private let context: Context
  /// One for each piece of work that is queued at a time.
  private var pairs: [(start: Event, end: Event)]
  private let clock = ContinuousClock()

  package init(_ context: Context) throws(GPUFault) {
    self.context = context
    stream = try DeviceStream(context)
    pairs = [(try Event(context), try Event(context))]
  }

  /// What was taken of one piece of work.
  package struct Taken {
    /// Seconds, in the order in which they were taken.
    package var samples: [Double]
    /// On the device, s.
    package var deviceTime: Double
    /// Why no more were.
    var end: StoppingRule.Reason
  }

  /// What somebody does while the device works.
  package struct Watch {
    /// Calls, covers and all, that are queued behind a middle sample and not timed, so that the device works for as long as
    /// somebody looks at it; 0: nobody looks.
    var companions = 0
    /// Whether to look while each batch runs, and not only once: batches must take longer than a look.
    var isConstant = false
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
  ///   - look: called while the device works, as `watch` has it.
  /// - Returns: nil where it was interrupted.
  package func samples(
    rule: StoppingRule = StoppingRule(), batch: Int = 1, cover: (DeviceStream) throws(GPUFault) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }, watch: Watch = Watch(), look: () -> Void = {},
    _ work: (DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> Taken? {
    func only(_ part: Int, _ stream: DeviceStream) throws(GPUFault) { try work(stream) }
    let taken = try take(rule, parts: 1, batch, cover, isInterrupted, watch, look, sample: { $0[0] }, only)
    return taken.map { Taken(samples: $0.parts[0], deviceTime: $0.deviceTime, end: $0.end) }
  }

  /// The same of two pieces of work in turn, whose difference is what must settle.
  ///
  /// - Parameter work: queues the first or the second (0 or 1).
  /// - Returns: the samples of each, nil where it was interrupted.
  func pairs(
    rule: StoppingRule = StoppingRule(), batch: Int = 1, cover: (DeviceStream) throws(GPUFault) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }, watch: Watch = Watch(), look: () -> Void = {},
    _ work: (Int, DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> (first: [Double], second: [Double], deviceTime: Double, end: StoppingRule.Reason)? {
    let taken = try take(rule, parts: 2, batch, cover, isInterrupted, watch, look, sample: { $0[1] - $0[0] }, work)
    return taken.map { ($0.parts[0], $0.parts[1], $0.deviceTime, $0.end) }
  }

  /// - Parameters:
  ///   - parts: pieces of work of a sample, timed one by one.
  ///   - sample: what is made of the times of a sample's parts.
  private func take(
    _ rule: StoppingRule, parts: Int, _ batch: Int, _ cover: (DeviceStream) throws(GPUFault) -> Void,
    _ isInterrupted: () -> Bool, _ watch: Watch, _ look: () -> Void, sample: ([Double]) -> Double,
    _ work: (Int, DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> (parts: [[Double]], deviceTime: Double, end: StoppingRule.Reason)? {
    let queued = batch * parts
    while pairs.count < queued { pairs.append((try Event(context), try Event(context))) }
    for part in 0..<3 { try work(part % parts, stream) }
    try stream.synchronize()
    let began = clock.now
    var series = SampleSeries()
    var times = [[Double]](repeating: [], count: parts)
    var isLookDue = watch.companions > 0
    while true {
      let elapsed = LaunchTimer.seconds(clock.now - began)
      if let end = series.reason(rule, elapsed: elapsed) { return (times, series.deviceTime, end) }
      if isInterrupted() { return nil }
      try cover(stream)
      for index in 0..<queued {
        try queue({ stream throws(GPUFault) in try work(index % parts, stream) }, between: pairs[index])
      }
      if isLookDue, series.isMidway(rule, elapsed: elapsed) {
        for _ in 0..<watch.companions {
          try cover(stream)
          try work(0, stream)
        }
        look()
        isLookDue = false
      }
      if watch.isConstant { look() }
      // Whatever was queued before the last end is done with it.
      try pairs[queued - 1].end.synchronize()
      for first in stride(from: 0, to: queued, by: parts) {
        var ofSample: [Double] = []
        for part in 0..<parts {
          ofSample.append(try LaunchTimer.seconds(pairs[first + part]))
          times[part].append(ofSample[part])
        }
        series.append(sample(ofSample), deviceTime: ofSample.reduce(0, +))
      }
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
