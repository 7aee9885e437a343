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

  /// What a GPU does for good: power and clocks have settled, and counters of energy tell it from what lies around it.
  package var lasting: StoppingRule {
    var rule = self
    rule.leastDeviceTime = 2
    rule.deviceTime = 6
    rule.wallTime = 20
    return rule
  }

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
  ///   - samples: seconds, in the order in which they were taken.
  ///   - deviceTime: what all of them took on the device, s; nil: they are what they took.
  ///   - elapsed: seconds on the clock since the first began.
  /// - Returns: nil while another sample is needed.
  package func reason(samples: [Double], deviceTime spent: Double? = nil, elapsed: Double) -> Reason? {
    guard samples.count >= max(1, minimumSamples), let statistics = SampleStatistics(samples) else { return nil }
    let total = spent ?? samples.reduce(0, +)
    let isQuiet = statistics.noise / Double(samples.count).squareRoot() < relativeError
    let isLevel = SampleDrift(samples).map { $0.share.magnitude <= drift } ?? true
    if isQuiet && isLevel && total >= leastDeviceTime { return .settled }
    return limit(deviceTime: total, elapsed: elapsed)
  }

  /// Which of the two times is up, whatever the samples are like; nil: neither.
  func limit(deviceTime spent: Double, elapsed: Double) -> Reason? {
    if spent >= max(deviceTime, leastDeviceTime) { return .deviceTime }
    return elapsed >= wallTime ? .wallTime : nil
  }

  /// Whether the next sample is about in the middle, as far as that can be known before the end.
  ///
  /// - Parameters: as of `reason`.
  package func isMidway(samples count: Int, deviceTime spent: Double, elapsed: Double) -> Bool {
    if elapsed >= wallTime / 2 { return true }
    return count * 2 >= minimumSamples && spent * 2 >= leastDeviceTime
  }
}
