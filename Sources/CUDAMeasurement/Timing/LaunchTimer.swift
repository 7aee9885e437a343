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

  /// Runs the work until the rule is content.
  ///
  /// Three runs before the first sample load the code and wake the clocks.
  ///
  /// - Parameters:
  ///   - cover: queues what keeps the device busy until all of a sample is queued; without it the time that the CPU
  ///     needs to queue the work is part of a short sample.
  ///   - work: queues the work in the stream.
  ///   - isInterrupted: asked before each sample.
  /// - Returns: seconds, in the order in which they were taken, and why no more were; nil where it was interrupted.
  public func samples(
    rule: StoppingRule = StoppingRule(), cover: (DeviceStream) throws(GPUFault) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }, _ work: (DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> (samples: [Double], end: StoppingRule.Reason)? {
    for _ in 0..<3 { try work(stream) }
    try stream.synchronize()
    let began = clock.now
    var samples: [Double] = []
    while true {
      if let end = rule.reason(samples: samples, elapsed: LaunchTimer.seconds(clock.now - began)) {
        return (samples, end)
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
    let seconds = try end.seconds(since: start)
    // A sample that is no number leaves no rule a way to end.
    guard !seconds.isNaN else { throw .noAnswer(call: "cuEventElapsedTime") }
    return seconds
  }

  static func seconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
