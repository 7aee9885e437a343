import RooflineCore

/// How a step's tokens fall to the experts of the busiest rank: what decides how many tiles there are, and whose matrices are read.
///
/// Source: TimeModels.md, "Tokens per expert". Every function runs without allocation but for lists of experts too long for the stack.
package struct TokenSpread {
  let load: ExpertLoad
  /// Tokens of all ranks, experts of the layer, of a token and of a rank, and ranks.
  let tokens, experts, chosen, held, ranks: Double
  /// Experts of the busiest rank that the definition expects to be touched.
  let expected: Double
  /// What was counted ahead; nil: everything is counted when it is asked for.
  private var counted: Counted?

  private struct Counted {
    let pairs: Double
    let tiles: [(rows: Double, touched: Double, tiles: Double)]
  }

  package init(_ layer: ExpertLayer<Count>) {
    load = layer.load
    tokens = Double(layer.experts.tokens)
    experts = Double(layer.experts.all)
    chosen = Double(layer.experts.chosen)
    held = Double(layer.experts.held)
    ranks = Double(layer.ranks)
    expected = layer.experts.touched.value(at: tokens)
  }

  /// Counts once what tiles of so many rows will ask for.
  mutating func count(tilesOf rows: [Double]) {
    counted = Counted(
      pairs: pairs,
      tiles: rows.map { rows in
        let own = tiles(of: rows)
        return (rows, own.touched, own.tiles)
      })
  }

  /// What a rank has if all have the same.
  var evenPairs: Double { tokens * chosen / ranks }

  /// Token–expert pairs of the rank.
  package var pairs: Double {
    if let counted { return counted.pairs }
    return switch load {
    case .uniform, .distinct: evenPairs
    case .balanced: balanced { $0.reduce(0, +) }
    case .power(let exponent): (SampledLoad(self, exponent).pairs + 0.5).rounded(.down)
    case .loads(let loads): given(loads) { $0.reduce(0, +) }
    case .pairs(let pairs): pairs.reduce(0, +)
    }
  }

  /// Experts with a token, and row tiles of all of them.
  ///
  /// - Parameter rows: of a tile.
  package func tiles(of rows: Double) -> (touched: Double, tiles: Double) {
    if let known = counted?.tiles.first(where: { $0.rows == rows }) { return (known.touched, known.tiles) }
    return switch load {
    case .uniform: (expected, held * ChosenTokens(tokens: tokens, chance: chosen / experts).tiles(of: rows))
    case .distinct:
      (min(expected, max(evenPairs, 1)), TokenSpread.tiles(of: rows, pairs: evenPairs, over: max(expected, 1)))
    case .balanced: balanced { TokenSpread.count($0, rows) }
    case .power(let exponent):
      withUnsafeTemporaryAllocation(of: Double.self, capacity: Int(held)) { counts in
        SampledLoad(self, exponent).draw(into: counts)
        return TokenSpread.count(counts, rows)
      }
    case .loads(let loads): given(loads) { TokenSpread.count($0, rows) }
    case .pairs(let pairs): TokenSpread.count(pairs, rows)
    }
  }

  /// Token–expert pairs of each expert of the rank, in whole tokens; nil where each token chooses for itself.
  package var pairsOfExperts: [Double]? {
    switch load {
    case .uniform, .distinct: nil
    case .balanced: balanced { Array($0) }
    case .power(let exponent):
      withUnsafeTemporaryAllocation(of: Double.self, capacity: Int(held)) { counts in
        SampledLoad(self, exponent).draw(into: counts)
        return Array(counts)
      }
    case .loads(let loads): given(loads) { Array($0) }
    case .pairs(let pairs): pairs
    }
  }

  /// Row tiles where the experts share pairs evenly, in whole tokens.
  static func tiles(of rows: Double, pairs: Double, over experts: Double) -> Double {
    let least = (pairs / experts).rounded(.down)
    let others = pairs - least * experts
    return (experts - others) * (least / rows).rounded(.up) + others * ((least + 1) / rows).rounded(.up)
  }

  private static func count(
    _ counts: some Sequence<Double>, _ rows: Double
  ) -> (touched: Double, tiles: Double) {
    var (touched, tiles) = (0.0, 0.0)
    for count in counts where count > 0 {
      touched += 1
      tiles += (count / rows).rounded(.up)
    }
    return (touched, tiles)
  }

  /// Makes whole tokens of loads that fall: differences of the rounded running sum.
  static func roundToTokens(_ counts: UnsafeMutableBufferPointer<Double>) {
    var (sum, before) = (0.0, 0.0)
    for index in counts.indices {
      sum += counts[index]
      let whole = (sum + 0.5).rounded(.down)
      counts[index] = whole - before
      before = whole
    }
  }

  /// Choice j of token t goes to expert (t + j·s) mod E with s = ⌈E/K⌉; where there are fewer tokens than s, t is spread over s. The
  /// first experts are the rank's.
  private func balanced<Result>(_ body: (UnsafeMutableBufferPointer<Double>) -> Result) -> Result {
    let (all, own) = (Int(experts), Int(held))
    let stride = Double(ExpertLoad.balancedStride(UInt64(experts), chosen: UInt64(chosen)))
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: own) { counts in
      counts.initialize(repeating: 0)
      if tokens < stride {
        for token in 0..<UInt64(tokens) {
          for choice in 0..<UInt64(chosen) {
            let expert = ExpertLoad.balancedExpert(
              UInt64(experts), chosen: UInt64(chosen), token: token, choice: choice, of: UInt64(tokens))
            if expert < own { counts[Int(expert)] += 1 }
          }
        }
        return body(counts)
      }
      // A choice goes around all experts so many times, and on to a part of them.
      let around = (tokens / experts).rounded(.down)
      let rest = Int(tokens - around * experts)
      counts.update(repeating: around * chosen)
      for choice in 0..<Int(chosen) where rest > 0 {
        let first = choice * Int(stride) % all
        TokenSpread.add(counts, first..<min(first + rest, all))
        if first + rest > all { TokenSpread.add(counts, 0..<(first + rest - all)) }
      }
      return body(counts)
    }
  }

  private static func add(_ counts: UnsafeMutableBufferPointer<Double>, _ range: Range<Int>) {
    for index in range.clamped(to: 0..<counts.count) { counts[index] += 1 }
  }

  /// Loads as somebody counted them, on the rank that has most.
  private func given<Result>(_ loads: [Double], _ body: (UnsafeMutableBufferPointer<Double>) -> Result) -> Result {
    let chances = ExpertLoad.busiestChances(loads, chosen: UInt64(chosen), ranks: UInt64(ranks)).sorted(by: >)
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: chances.count) { counts in
      for index in chances.indices { counts.initializeElement(at: index, to: tokens * chances[index]) }
      TokenSpread.roundToTokens(counts)
      return body(counts)
    }
  }
}

/// Tokens of one expert where each token chooses it with the same chance, whatever the others do: a binomial law.
struct ChosenTokens {
  let tokens, chance: Double

  /// Standard deviations beyond which nothing is counted.
  private static let reach = 8.0

  /// The expected number of row tiles.
  func tiles(of rows: Double) -> Double {
    guard chance < 1 else { return (tokens / rows).rounded(.up) }
    let mean = tokens * chance
    let deviation = (mean * (1 - chance)).squareRoot()
    // Over so many tokens, how far the last tile is filled is anybody's guess: its mean is exact but for e^−44.
    if deviation > 1.5 * rows, mean > ChosenTokens.reach * deviation { return (mean + (rows - 1) / 2) / rows }
    let first = max(0, (mean - ChosenTokens.reach * deviation - 8).rounded(.down))
    let last = min(tokens, (mean + ChosenTokens.reach * deviation + 30).rounded(.up))
    let odds = chance / (1 - chance)
    var (weight, weights, sum) = (1.0, 0.0, 0.0)
    var count = first
    var tiles = (first / rows).rounded(.up)
    while count <= last {
      if count > tiles * rows { tiles += 1 }
      weights += weight
      sum += weight * tiles
      weight *= odds * (tokens - count) / (count + 1)
      count += 1
    }
    return sum / weights
  }
}
