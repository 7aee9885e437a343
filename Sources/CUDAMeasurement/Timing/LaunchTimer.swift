import RooflineCore

/// Times single pieces of work in a stream of its own by a pair of events each.
public final class LaunchTimer {
  public let stream: DeviceStream
  private let start: Event
  private let end: Event
  private let clock = ContinuousClock()

  public init(_ context: Context) throws(GPUFault) {
    stream = try DeviceStream(context)
    start = try Event(context)
    end = try Event(context)
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
  ///   - cover: queues what keeps the device busy until all of a sample is queued; without it the time that the CPU
  ///     needs to queue the work is part of a short sample.
  ///   - work: queues the work in the stream.
  ///   - isInterrupted: asked before each sample.
  /// - Returns: nil where it was interrupted.
  func samples(
    rule: StoppingRule = StoppingRule(), cover: (DeviceStream) throws(GPUFault) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }, _ work: (DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> Taken? {
    for _ in 0..<3 { try work(stream) }
    try stream.synchronize()
    let began = clock.now
    var samples: [Double] = []
    while true {
      if let end = rule.reason(samples: samples, elapsed: LaunchTimer.seconds(clock.now - began)) {
        return Taken(samples: samples, end: end)
      }
      if isInterrupted() { return nil }
      try cover(stream)
      samples.append(try once(work))
    }
  }

  /// Seconds that the work takes once.
  func once(_ work: (DeviceStream) throws(GPUFault) -> Void) throws(GPUFault) -> Double {
    try start.record(in: stream)
    try work(stream)
    try end.record(in: stream)
    try end.synchronize()
    return try LaunchTimer.plausible(try end.seconds(since: start))
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
