/// Rules by which libraries split the keys of attention; numbers are whole, held as `Double`.
enum SplitRules {
  /// FlashAttention: of the splits that make a block shorter, the smallest whose waves are at least 85 % as full as the best one's;
  /// 1 where there is work for nearly all slots already.
  static func efficient(items: Double, blocks: Double, slots: Double) -> Double {
    guard items < 0.8 * slots else { return 1 }
    let most = min(128, min(blocks, slots))
    // Each split is looked at once: a generation asks at every context.
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: 128) { efficiencies in
      var best = 0.0
      var longer = Double.infinity
      var split = 1.0
      while split <= most {
        let part = (blocks / split).ceiling
        let waves = items * split / slots
        let own = part == longer ? 0 : waves / waves.ceiling
        efficiencies[Int(split) - 1] = own
        best = max(best, own)
        longer = part
        split += 1
      }
      let found = efficiencies[..<(Int(split) - 1)].firstIndex { $0 > 0 && $0 >= 0.85 * best }
      return found.map { Double($0 + 1) } ?? 1
    }
  }

  /// The smallest whole chunk from `low` to `high` that fits, by halving; `high` where none does.
  static func smallestChunk(from low: Double, to high: Double, fits: (Double) -> Bool) -> Double {
    var (low, high) = (low, high)
    while low < high {
      let middle = ((low + high) / 2).rounded(.down)
      if fits(middle) {
        // Beyond 2⁵³ whole numbers have no room between them, and halving ends before the two meet.
        guard middle < high else { return high }
        high = middle
      } else {
        guard middle + 1 > low else { return high }
        low = middle + 1
      }
    }
    return low
  }
}
