import RooflineCore

/// Replays of N calls and of 2 N calls in turn. Each has what launching a graph costs in it, once; their difference has not.
package struct ReplayPairs: Hashable, Sendable {
  /// s, in the order in which they were taken; as many of each.
  package let short, long: [Double]
  /// N.
  package let calls: Int

  package init(short: [Double], long: [Double], calls: Int) {
    self.short = short
    self.long = long
    self.calls = calls
  }

  /// What a replay takes beside its calls, s: the median of what two replays of N calls have beyond one of 2 N. Noise may
  /// bring it below 0.
  package var launchCost: Double {
    SampleStatistics(zip(short, long).map { 2 * $0 - $1 })?.median ?? 0
  }

  /// Seconds a call: each long replay without that cost, over its calls. Their median is (t₂ − t₁)/N of the two medians, and
  /// none of them has the noise of two replays in it.
  package var samples: [Double] {
    let cost = launchCost
    return long.map { ($0 - cost) / Double(2 * calls) }
  }
}
