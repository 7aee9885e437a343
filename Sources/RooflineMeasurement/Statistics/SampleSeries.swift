import RooflineCore

/// Samples as they come, and when they are enough.
///
/// Order statistics need them sorted, while the device waits: they are asked for each time that the samples have become more by
/// sixteen, or by an eighth, and when time is up.
package struct SampleSeries: Sendable {
  /// Seconds, in the order in which they were taken.
  package private(set) var samples: [Double] = []
  /// What all of them took on the device, s.
  package private(set) var deviceTime = 0.0
  /// How often they were sorted.
  package private(set) var looks = 0
  private var nextLook = 0

  package init() {}

  /// - Parameter spent: what the sample took on the device, s.
  package mutating func append(_ sample: Double, deviceTime spent: Double) {
    samples.append(sample)
    deviceTime += spent
  }

  /// Why no further sample is needed; nil while one is.
  ///
  /// - Parameter elapsed: seconds on the clock since the first began.
  package mutating func reason(_ rule: StoppingRule, elapsed: Double) -> StoppingRule.Reason? {
    guard samples.count >= max(1, rule.minimumSamples) else { return nil }
    let isOver = rule.limit(deviceTime: deviceTime, elapsed: elapsed) != nil
    guard isOver || samples.count >= nextLook else { return nil }
    looks += 1
    nextLook = samples.count + max(16, samples.count / 8)
    return rule.reason(samples: samples, deviceTime: deviceTime, elapsed: elapsed)
  }

  package func isMidway(_ rule: StoppingRule, elapsed: Double) -> Bool {
    rule.isMidway(samples: samples.count, deviceTime: deviceTime, elapsed: elapsed)
  }
}
