import RooflineCore

/// Order statistics of repeated measurements.
package struct SampleStatistics: Hashable, Sendable {
  package let count: Int
  package let minimum: Double
  package let lowerQuartile: Double
  package let median: Double
  package let upperQuartile: Double
  package let maximum: Double

  /// What a call can take, s: from a clock's tick to eleven days. Readers of observation files take these and no others.
  package static let plausible = 1e-9...1e6

  /// - Returns: nil for no samples, and where one is not a number.
  package init?(_ samples: [Double]) {
    guard !samples.isEmpty, !samples.contains(where: \.isNaN) else { return nil }
    let sorted = samples.sorted()
    count = sorted.count
    minimum = sorted[0]
    lowerQuartile = SampleStatistics.quantile(0.25, of: sorted)
    median = SampleStatistics.quantile(0.5, of: sorted)
    upperQuartile = SampleStatistics.quantile(0.75, of: sorted)
    maximum = sorted[sorted.count - 1]
  }

  /// Interquartile range over median: unmoved by a stray slow sample. 0 where the quartiles are equal, also at 0.
  package var noise: Double {
    upperQuartile == lowerQuartile ? 0 : median > 0 ? (upperQuartile - lowerQuartile) / median : .infinity
  }

  /// Linear between the two samples around q (n − 1), as NumPy and R (type 7) have it.
  private static func quantile(_ q: Double, of sorted: [Double]) -> Double {
    let position = q * Double(sorted.count - 1)
    let low = Int(position)
    let high = min(low + 1, sorted.count - 1)
    return sorted[low] + (sorted[high] - sorted[low]) * (position - Double(low))
  }
}
