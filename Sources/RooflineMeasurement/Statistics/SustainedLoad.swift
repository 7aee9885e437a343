import RooflineCore

/// Power and clocks while calls ran for seconds without a rest, read again and again.
package struct SustainedLoad: Hashable, Sendable {
  package private(set) var readings: [Reading] = []

  package struct Reading: Hashable, Sendable {
    /// Since the first sample began, s.
    package let elapsed: Double
    /// W, at that moment; nil where the driver tells a mean alone.
    package let power: Double?
    /// Of the SMs, Hz.
    package let clock: Double?

    package init(elapsed: Double, power: Double?, clock: Double?) {
      self.elapsed = elapsed
      self.power = power
      self.clock = clock
    }
  }

  package init() {}

  package mutating func append(_ reading: Reading) { readings.append(reading) }

  /// W, the mean of the last third of the time: what is left when power and clocks have settled, as the time of a call is the
  /// last third's.
  package var power: Double? { mean(\.power) }
  /// Hz, likewise.
  package var clock: Double? { mean(\.clock) }

  private func mean(_ value: (Reading) -> Double?) -> Double? {
    let end = readings.last?.elapsed ?? 0
    let values = readings.filter { $0.elapsed >= end * 2 / 3 }.compactMap(value)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
