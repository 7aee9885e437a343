import RooflineCore

/// Rules by which libraries split the keys of attention; numbers are whole, held as `Double`.
package enum SplitRules {
  /// FlashAttention: of the splits that make a block shorter, the smallest whose waves are at least 85 % as full as the best one's;
  /// 1 where there is work for nearly all slots already.
  ///
  /// Up to one wave, more parts are always fuller: there the best is the last. Beyond, splits are looked at one by one until the smallest
  /// is as full as any best one asks for; usually that is at once, which a generation needs, as it asks at every context.
  package static func efficient(items: Double, blocks: Double, slots: Double, most limit: Double = 128) -> Double {
    guard items < 0.8 * slots else { return 1 }
    let most = min(min(128, limit), min(blocks, slots))
    func part(_ split: Double) -> Double { (blocks / split).ceiling }
    func isShorter(_ split: Double) -> Bool { split == 1 || part(split) < part(split - 1) }
    func efficiency(_ split: Double) -> Double {
      let waves = items * split / slots
      return waves / waves.ceiling
    }
    /// The smallest split from `split` on that makes a block shorter and is as full as this; `end` where none is.
    func first(from split: Double, before end: Double, asFullAs least: Double) -> Double {
      var split = split
      while split < end, efficiency(split) < least || !isShorter(split) { split += 1 }
      return split
    }
    var split = min(most, (slots / items).rounded(.down)).rounded(.down)
    while split > 1, !isShorter(split) { split -= 1 }
    guard split >= 1 else { return 1 }
    var best = efficiency(split)
    // Two splits early, for rounding.
    var smallest = first(
      from: max(1, (0.85 * best * slots / items).rounded(.down) - 2), before: split, asFullAs: 0.85 * best)
    while efficiency(smallest) < 0.85 {
      split += 1
      guard split <= most else { break }
      guard isShorter(split), efficiency(split) > best else { continue }
      best = efficiency(split)
      smallest = first(from: smallest, before: split, asFullAs: 0.85 * best)
    }
    return smallest
  }

  /// The smallest whole chunk from `low` to `high` that fits, by halving; `high` where none does.
  package static func smallestChunk(from low: Double, to high: Double, fits: (Double) -> Bool) -> Double {
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
