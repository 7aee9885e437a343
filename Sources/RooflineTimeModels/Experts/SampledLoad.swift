import RooflineCore

/// Tokens per expert as benchmarks draw them from a power law x^−a, for the rank that has most.
///
/// The rank's load is the expected maximum, over ranks, of a sum of draws (gamma, Wilson and Hilferty's approximation); within the
/// rank, experts stand at the law's quantiles.
struct SampledLoad {
  private let exponent, low, high: Double
  private let tokens, held: Double
  /// Token–expert pairs of the rank, before they are rounded to whole ones.
  let pairs: Double

  /// The chance below which the median rank lies in the sampler's maximum.
  private static let level = 0.5704

  init(_ spread: TokenSpread, _ exponent: Double) {
    self.exponent = exponent
    tokens = spread.tokens
    held = spread.held
    let (low, high) =
      spread.tokens * spread.chosen > spread.experts ? (1, 0.8 * spread.tokens) : (0.01, 2)
    (self.low, self.high) = (low, high)
    var most = spread.evenPairs
    if spread.ranks > 1 {
      func moment(_ power: Double) -> Double { SampledLoad.integral(power - exponent, low, high) }
      let mean = moment(1) / moment(0)
      let variation = max((moment(2) / moment(0) - mean * mean) / (mean * mean), 1e-12)
      let shape = (spread.ranks * spread.held / variation + 1) / (spread.ranks - 1)
      let z = Mathematics.normalQuantile(Mathematics.power(SampledLoad.level, 1 / spread.ranks))
      let root = 1 - 1 / (9 * shape) + z / (3 * shape.squareRoot())
      most *= max(1, root * root * root)
    }
    pairs = min(most, tokens * min(spread.chosen, held))
  }

  /// ∫ x^power from low to high.
  private static func integral(_ power: Double, _ low: Double, _ high: Double) -> Double {
    let next = power + 1
    guard abs(next) > 1e-9 else { return Mathematics.naturalLogarithm(high / low) }
    return (Mathematics.power(high, next) - Mathematics.power(low, next)) / next
  }

  /// The law's quantile below which a share of its draws lies.
  private func quantile(_ share: Double) -> Double {
    let power = 1 - exponent
    guard abs(power) > 1e-9 else { return low * Mathematics.power(high / low, share) }
    let (first, last) = (Mathematics.power(low, power), Mathematics.power(high, power))
    return Mathematics.power(first + share * (last - first), 1 / power)
  }

  /// Whole tokens of each of the rank's experts, those with most first; none has more than there are tokens, and what is cut goes to
  /// the others in proportion.
  func draw(into counts: UnsafeMutableBufferPointer<Double>) {
    var sum = 0.0
    for index in counts.indices {
      let draw = quantile((held - Double(index) - 0.5) / held)
      counts.initializeElement(at: index, to: draw)
      sum += draw
    }
    var left = pairs
    var place = 0
    while place < counts.count, counts[place] * left / sum > tokens {
      sum -= counts[place]
      left -= tokens
      counts[place] = tokens
      place += 1
    }
    while place < counts.count {
      counts[place] *= left / sum
      place += 1
    }
    TokenSpread.roundToTokens(counts)
  }
}
