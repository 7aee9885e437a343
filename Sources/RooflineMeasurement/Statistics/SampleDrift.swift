import RooflineCore

/// How times changed from the first third of a measurement to the last: clocks that sink slowly under a power limit look steady
/// from one sample to the next.
package struct SampleDrift: Hashable, Sendable {
  /// s.
  package let firstMedian, lastMedian: Double

  /// - Parameter samples: in the order in which they were taken, s.
  /// - Returns: nil for fewer than three samples, and where one is not a number.
  package init?(_ samples: [Double]) {
    let third = samples.count / 3
    guard let first = SampleStatistics(Array(samples.prefix(third))),
      let last = SampleStatistics(Array(samples.suffix(third)))
    else { return nil }
    firstMedian = first.median
    lastMedian = last.median
  }

  /// last/first − 1: above 0 the kernel became slower.
  package var share: Double {
    lastMedian == firstMedian ? 0 : firstMedian > 0 ? lastMedian / firstMedian - 1 : .infinity
  }
}
