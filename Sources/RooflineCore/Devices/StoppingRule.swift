/// When enough samples have been taken: at least 30 of them, and then the median is settled or time is up.
///
/// The spread of a median shrinks with the root of the number of samples; nvbench and FlashInfer stop alike.
public struct StoppingRule: Hashable, Sendable {
  public var minimumSamples = 30
  /// Settled where IQR / median / √n is below this.
  public var relativeError = 0.005
  /// Time on the device, s.
  public var deviceTime = 0.3
  /// Time on the clock, s.
  public var wallTime = 3.0

  public init() {}

  /// Why sampling ends.
  public enum Reason: String, Hashable, Sendable {
    case settled, deviceTime, wallTime
  }

  /// - Parameters:
  ///   - samples: seconds on the device, in the order in which they were taken.
  ///   - elapsed: seconds on the clock since the first began.
  /// - Returns: nil while another sample is needed.
  public func reason(samples: [Double], elapsed: Double) -> Reason? {
    guard samples.count >= max(1, minimumSamples), let statistics = SampleStatistics(samples) else { return nil }
    if statistics.noise / Double(samples.count).squareRoot() < relativeError { return .settled }
    if samples.reduce(0, +) >= deviceTime { return .deviceTime }
    return elapsed >= wallTime ? .wallTime : nil
  }
}
