import RooflineCore
import RooflineMeasurement

/// Which token–expert pairs of a grouped product are whose, and which rows they read. It follows from the columns of the product
/// alone, so that equal columns make equal work.
package struct ExpertRouting: Hashable, Sendable {
  /// Pairs of each expert that is touched, in the order in which their matrices lie in memory. An expert's pairs are neighbours.
  package let rowsPerExpert: [Int]
  /// Which row of the input each pair reads; nil: each has one of its own.
  package let inputRows: [Int32]?
  /// Each expert's first pair.
  private let starts: [Int]

  /// - Throws: `Unsupported` for sizes that no routing has.
  init(_ product: GroupedGEMM<Count>) throws(Unsupported) {
    let limit = Int(Int32.max)
    let pairs = try KernelPlan.size(product.ownPairs, "the number of token–expert pairs", limit: limit)
    let inputs = try KernelPlan.size(product.inputRows, "the number of rows", limit: limit)
    let chosen = try KernelPlan.size(product.experts.chosen, "the number of chosen experts", limit: limit)
    let held = try KernelPlan.size(product.experts.held, "the number of experts", limit: limit)
    let touched = try KernelPlan.size(product.wholeTouched, "the number of touched experts", limit: limit)
    guard (1...min(held, pairs)).contains(touched) else {
      throw Unsupported("\(pairs) token–expert pairs of \(held) experts touch no \(touched)")
    }
    guard inputs <= pairs else { throw Unsupported("it has more rows than token–expert pairs") }
    // Where ranks share the pairs: as if a token had all of its choices on one.
    let tokens = max((pairs + chosen - 1) / chosen, (pairs + touched - 1) / touched)
    var busiest: Int?
    if let most = product.wholeMost { busiest = try KernelPlan.size(most, "the busiest expert", limit: limit) }
    // An expert reads no row twice.
    let most = inputs < pairs ? min(tokens, inputs) : tokens
    guard touched * (busiest ?? most) >= pairs, busiest ?? 0 <= inputs else {
      throw Unsupported("\(pairs) token–expert pairs are more than \(touched) experts have of \(inputs) rows")
    }
    var generator = SplitMix(seed: UInt64(pairs))
    rowsPerExpert =
      (busiest.map { ExpertRouting.falling(pairs, over: touched, from: $0) }
      ?? ExpertRouting.spread(pairs, over: touched, tokens: tokens, most: most)).shuffled(using: &generator)
    var starts: [Int] = []
    var next = 0
    for rows in rowsPerExpert {
      starts.append(next)
      next += rows
    }
    self.starts = starts
    guard inputs < pairs else {
      inputRows = nil
      return
    }
    // Around all rows, so that each is read, in an order of no meaning; an expert's in theirs, as kernels leave them.
    let order = (0..<Int32(inputs)).shuffled(using: &generator)
    inputRows = zip(starts, rowsPerExpert).flatMap { first, rows in
      (first..<first + rows).map { order[$0 % inputs] }.sorted()
    }
  }

  package func expert(_ pair: Int) -> Int {
    // The last one that begins at the pair or before it.
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= pair { low = middle } else { high = middle }
    }
    return low
  }

  package func inputRow(_ pair: Int) -> Int { inputRows.map { Int($0[pair]) } ?? pair }

  /// Expert, first pair and number of pairs of each tile of up to so many rows: of one expert each.
  package func tiles(of rows: Int) -> [Int32] {
    var tiles: [Int32] = []
    for (expert, (start, count)) in zip(starts, rowsPerExpert).enumerated() {
      for first in stride(from: 0, to: count, by: rows) {
        tiles += [Int32(expert), Int32(start + first), Int32(min(rows, count - first))]
      }
    }
    return tiles
  }

  /// How many pairs each of the experts has, where each of so many tokens goes to each of them with the same chance: the binomial
  /// law's quantiles in the middle of equal parts, in whole pairs, from 1 to `most`, with the sum that is asked for.
  package static func spread(_ pairs: Int, over experts: Int, tokens: Int, most: Int) -> [Int] {
    let chance = Double(pairs) / Double(experts) / Double(tokens)
    var rows: [Int]
    if chance < 1 {
      let (mean, odds) = (Double(tokens) * chance, chance / (1 - chance))
      // Beyond eight standard deviations nothing is counted.
      let reach = 8 * (mean * (1 - chance)).squareRoot() + 8
      let first = max(0, Int(mean - reach))
      let last = min(tokens, Int(mean + reach))
      var weights = [1.0]
      for count in first..<last {
        weights.append(weights[count - first] * odds * Double(tokens - count) / Double(count + 1))
      }
      let sum = weights.reduce(0, +)
      var (place, below) = (0, weights[0])
      rows = (0..<experts).map { expert in
        while below < (Double(expert) + 0.5) / Double(experts) * sum, place < weights.count - 1 {
          place += 1
          below += weights[place]
        }
        return max(1, min(most, first + place))
      }
    } else {
      rows = [Int](repeating: most, count: experts)
    }
    ExpertRouting.correct(&rows, sum: pairs, from: 0, most: most)
    return rows
  }

  /// How many pairs each of the experts has, where the first has `busiest` and the others fall with a power of their place, the
  /// one that makes the sum right, to 1 at least: from equal shares to all that is left for one expert.
  package static func falling(_ pairs: Int, over experts: Int, from busiest: Int) -> [Int] {
    func rows(_ exponent: Double) -> [Double] {
      (0..<experts).map { max(1, Double(busiest) * Mathematics.power(Double($0 + 1), -exponent)) }
    }
    var (low, high) = (0.0, 64.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if rows(middle).reduce(0, +) > Double(pairs) { low = middle } else { high = middle }
    }
    var whole = rows(high).map { min(busiest, Int($0.rounded())) }
    correct(&whole, sum: pairs, from: experts > 1 ? 1 : 0, most: busiest)
    return whole
  }

  /// Makes a sum right by one pair more or less an expert, from one on, as often as needed.
  private static func correct(_ rows: inout [Int], sum: Int, from first: Int, most: Int) {
    var missing = sum - rows.reduce(0, +)
    while missing != 0 {
      let before = missing
      for expert in rows.indices.dropFirst(first) where missing != 0 {
        let own = rows[expert] + missing.signum()
        guard (1...most).contains(own) else { continue }
        rows[expert] = own
        missing -= missing.signum()
      }
      // Nothing fits any more: sizes that the initialiser refuses.
      if missing == before { return }
    }
  }
}
