/// Rules by which libraries split the keys of attention; numbers are whole, held as `Double`.
enum SplitRules {
  /// FlashAttention: of the splits that make a block shorter, the smallest whose waves are at least 85 % as full as the best one's;
  /// 1 where there is work for nearly all slots already.
  static func efficient(items: Double, blocks: Double, slots: Double) -> Double {
    guard items < 0.8 * slots else { return 1 }
    let most = min(128, min(blocks, slots))
    func efficiency(_ split: Double) -> Double? {
      if split > 1, (blocks / split).ceiling == (blocks / (split - 1)).ceiling { return nil }
      let waves = items * split / slots
      return waves / waves.ceiling
    }
    var best = 0.0
    var split = 1.0
    while split <= most {
      best = max(best, efficiency(split) ?? 0)
      split += 1
    }
    split = 1
    while split <= most {
      if let own = efficiency(split), own >= 0.85 * best { return split }
      split += 1
    }
    return 1
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
