/// Mean and percentiles of times, s.
///
/// A percentile is the smallest of the values that so large a share of them does not exceed (nearest rank): one that was there.
package struct Distribution: Hashable, Sendable {
  package enum Percentile: Int, Hashable, Sendable, CaseIterable {
    case median = 50
    case p90 = 90
    case p95 = 95
    case p99 = 99
  }

  package let count: UInt64
  package let mean: Double
  private let values: [Double]

  package subscript(percentile: Percentile) -> Double { values[Percentile.allCases.firstIndex(of: percentile) ?? 0] }

  /// nil of no values.
  package init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    self.init(
      count: UInt64(sorted.count), mean: values.reduce(0, +) / Double(values.count),
      values: Percentile.allCases.map { sorted[Int(Distribution.rank($0, UInt64(sorted.count))) - 1] })
  }

  fileprivate init(count: UInt64, mean: Double, values: [Double]) {
    self.count = count
    self.mean = mean
    self.values = values
  }

  /// The place of a percentile among so many values in order, from 1 on.
  fileprivate static func rank(_ percentile: Percentile, _ count: UInt64) -> UInt64 {
    let (high, low) = count.multipliedFullWidth(by: UInt64(percentile.rawValue))
    let (quotient, remainder) = UInt64(100).dividingFullWidth((high, low))
    return max(1, quotient + (remainder > 0 ? 1 : 0))
  }
}

/// Times between tokens, of which there are many and few that differ: counted in steps of 0.1 µs.
struct GapCounts {
  private var counts: [UInt64: UInt64] = [:]
  private var count: UInt64 = 0
  private(set) var sum = 0.0

  mutating func add(_ gap: Double, count: UInt64) {
    counts[UInt64(min(max(gap, 0) * 1e7, 1e18).rounded()), default: 0] += count
    self.count += count
    sum += gap * Double(count)
  }

  /// nil without any.
  var distribution: Distribution? {
    guard count > 0 else { return nil }
    let sorted = counts.sorted { $0.key < $1.key }
    var values: [Double] = []
    for percentile in Distribution.Percentile.allCases {
      let rank = Distribution.rank(percentile, count)
      var seen: UInt64 = 0
      let place = sorted.first { entry in
        seen += entry.value
        return seen >= rank
      }
      values.append(Double(place?.key ?? 0) / 1e7)
    }
    return Distribution(count: count, mean: sum / Double(count), values: values)
  }
}
