import RooflineCore

/// When enough samples have been taken: at least 30 of them, and then the median is settled or time is up.
///
/// The spread of a median shrinks with the root of the number of samples; nvbench and FlashInfer stop alike. That holds for
/// samples that have nothing to do with one another: where the last third differs from the first, they have.
package struct StoppingRule: Hashable, Sendable {
  package var minimumSamples = 30
  /// Settled where IQR / median / √n is below this, and
  package var relativeError = 0.005
  /// the last third of samples differs from the first by at most this.
  package var drift = 0.01
  /// Never settled before so much time on the device, s.
  package var leastDeviceTime = 0.0
  /// Time on the device, s.
  package var deviceTime = 0.3
  /// Time on the clock, s: nothing goes on for longer.
  package var wallTime = 3.0

  package init() {}

  /// For kernels whose time the power limit decides: clocks need tenths of a second to sink to what serving sees. nvbench takes
  /// half a second for every kernel.
  package var sustained: StoppingRule {
    var rule = self
    rule.leastDeviceTime = 0.5
    rule.deviceTime = 1.5
    return rule
  }

  /// Why sampling ends.
  package enum Reason: String, Hashable, Sendable {
    case settled, deviceTime, wallTime
  }

  /// - Parameters:
  ///   - samples: seconds on the device, in the order in which they were taken.
  ///   - elapsed: seconds on the clock since the first began.
  /// - Returns: nil while another sample is needed.
  package func reason(samples: [Double], elapsed: Double) -> Reason? {
    guard samples.count >= max(1, minimumSamples), let statistics = SampleStatistics(samples) else { return nil }
    let total = samples.reduce(0, +)
    let isQuiet = statistics.noise / Double(samples.count).squareRoot() < relativeError
    let isLevel = SampleDrift(samples).map { $0.share.magnitude <= drift } ?? true
    if isQuiet && isLevel && total >= leastDeviceTime { return .settled }
    if total >= max(deviceTime, leastDeviceTime) { return .deviceTime }
    return elapsed >= wallTime ? .wallTime : nil
  }

  /// Whether the next sample is about in the middle, as far as that can be known before the end.
  ///
  /// - Parameters: as of `reason`.
  package func isMidway(samples: [Double], elapsed: Double) -> Bool {
    if elapsed >= wallTime / 2 { return true }
    return samples.count * 2 >= minimumSamples && samples.reduce(0, +) * 2 >= leastDeviceTime
  }
}
