/// How tokens spread over the routed experts of a layer, and over the ranks that hold them.
public enum ExpertLoad: Hashable, Sendable {
  /// Each token to experts of its own choice, all alike: the expected number is touched.
  case uniform
  /// Token by token to the experts in turn: as many as possible are touched.
  case balanced
  /// Loads that fall with a power of their rank, x^−a.
  case power(Double)
  /// So many distinct experts, as somebody counted.
  case distinct(Double)
  /// A load of each expert, in any unit, in the order of the experts.
  case loads([Double])
  /// Token–expert pairs of each expert of the rank that has most to do, as one call had them, whatever its tokens chose.
  case pairs([Double])

  /// Distinct experts that `tokens` tokens touch, each sent to `chosen` of `experts`, uniform and independent: the expected number
  /// E·(1 − (1 − K/E)^N).
  ///
  /// Routing of real text is less even: `bounds` are what no routing goes beyond.
  package static func distinctExperts(_ experts: UInt64, chosen: UInt64, tokens: Double) -> Double {
    guard chosen < experts else { return Double(experts) }
    let all = Double(experts)
    return all * (1 - Mathematics.power(1 - Double(chosen) / all, tokens))
  }

  /// The fewest and the most distinct experts that any routing touches.
  package static func bounds(_ experts: UInt64, chosen: UInt64, tokens: UInt64) -> ClosedRange<UInt64> {
    let least = min(chosen, experts)
    guard tokens > 0 else { return 0...0 }
    let (pairs, isOverflow) = chosen.multipliedReportingOverflow(by: tokens)
    return least...max(least, isOverflow ? experts : min(pairs, experts))
  }

  /// Ranks that a token's experts lie on, expected: ep·(1 − C(E − E/ep, K) / C(E, K)).
  package static func ranksHit(_ experts: UInt64, chosen: UInt64, ranks: UInt64) -> Double {
    let others = experts - experts / ranks
    guard chosen <= others else { return Double(ranks) }
    var missed = 1.0
    for choice in 0..<chosen { missed *= Double(others - choice) / Double(experts - choice) }
    return Double(ranks) * (1 - missed)
  }
}

extension ExpertLoad {
  /// What the rank with most to do has of a layer's routed experts.
  package struct Rank: Hashable, Sendable {
    /// Distinct experts on it that are touched.
    package let distinct: Double
    /// Its share of all token–expert pairs; nil: as many as every other rank.
    package let share: Double?

    package init(distinct: Double, share: Double?) {
      self.distinct = distinct
      self.share = share
    }
  }

  /// - Parameter tokens: of all ranks together: the number of experts in the power is the whole layer's, not a rank's.
  package func rank(_ experts: UInt64, chosen: UInt64, tokens: Double, ranks: UInt64) -> Rank {
    let all = Double(experts)
    switch self {
    case .uniform:
      return Rank(
        distinct: ExpertLoad.distinctExperts(experts, chosen: chosen, tokens: tokens) / Double(ranks), share: nil)
    case .balanced: return Rank(distinct: min(all, tokens * Double(chosen)) / Double(ranks), share: nil)
    case .distinct(let number): return Rank(distinct: number / Double(ranks), share: nil)
    case .power(let exponent):
      let loads = (1...experts).map { Mathematics.power(Double($0), -exponent) }
      return ExpertLoad.busiest(ExpertLoad.dealt(loads, ranks), chosen: chosen, tokens: tokens, ranks: ranks)
    case .loads(let loads): return ExpertLoad.busiest(loads, chosen: chosen, tokens: tokens, ranks: ranks)
    case .pairs(let pairs):
      return Rank(
        distinct: Double(pairs.lazy.filter { $0 > 0 }.count), share: pairs.reduce(0, +) / (tokens * Double(chosen)))
    }
  }

  /// Expected token–expert pairs of the expert that has most, on the rank that has most to do; nil where each token chooses for
  /// itself among experts that are all alike, or nobody knows otherwise.
  package func mostPairs(_ experts: UInt64, chosen: UInt64, tokens: Double, ranks: UInt64) -> Double? {
    switch self {
    case .uniform, .distinct: return nil
    case .balanced:
      let own = rank(experts, chosen: chosen, tokens: tokens, ranks: ranks).distinct
      return own > 0 ? tokens * Double(chosen) / Double(ranks) / own : nil
    case .power(let exponent):
      let loads = (1...experts).map { Mathematics.power(Double($0), -exponent) }
      return ExpertLoad.busiestChances(ExpertLoad.dealt(loads, ranks), chosen: chosen, ranks: ranks).max()
        .map { $0 * tokens }
    case .loads(let loads):
      return ExpertLoad.busiestChances(loads, chosen: chosen, ranks: ranks).max().map { $0 * tokens }
    case .pairs(let pairs): return pairs.max()
    }
  }

  /// Experts of a layer that times are computed for; no model comes near.
  package static let mostExperts: UInt64 = 65_536

  /// As measured data name it: `uniform`, `balanced`, or `power` with its exponent behind it.
  package init?(distribution text: String) {
    switch text {
    case "uniform": self = .uniform
    case "balanced": self = .balanced
    default:
      guard text.hasPrefix("power"), let exponent = Double(text.dropFirst("power".count)), exponent > 0, exponent <= 100
      else { return nil }
      self = .power(exponent)
    }
  }

  /// How likely a token is sent to each expert of the rank that has most to do, in the order of the experts.
  package static func busiestChances(_ loads: [Double], chosen: UInt64, ranks: UInt64) -> [Double] {
    let chances = inclusion(loads, chosen: Double(chosen))
    let each = loads.count / Int(ranks)
    var (most, busiest) = (-1.0, 0)
    for rank in 0..<Int(ranks) {
      let load = chances[(rank * each)..<((rank + 1) * each)].reduce(0, +)
      if load > most { (most, busiest) = (load, rank) }
    }
    return Array(chances[(busiest * each)..<((busiest + 1) * each)])
  }

  /// The rank whose experts, neighbours in the list, have most of the load.
  private static func busiest(_ loads: [Double], chosen: UInt64, tokens: Double, ranks: UInt64) -> Rank {
    let chances = inclusion(loads, chosen: Double(chosen))
    let each = loads.count / Int(ranks)
    var busiest: (load: Double, distinct: Double) = (-1, 0)
    for rank in 0..<Int(ranks) {
      let own = chances[(rank * each)..<((rank + 1) * each)]
      let load = own.reduce(0, +)
      guard load > busiest.load else { continue }
      busiest = (load, own.reduce(0) { $0 + 1 - Mathematics.power(1 - $1, tokens) })
    }
    return Rank(distinct: busiest.distinct, share: busiest.load / Double(chosen))
  }

  /// How likely a token is sent to each expert: in proportion to its load, no more than once.
  private static func inclusion(_ loads: [Double], chosen: Double) -> [Double] {
    var chances = [Double](repeating: 0, count: loads.count)
    var isCertain = [Bool](repeating: false, count: loads.count)
    var left = chosen
    while true {
      let sum = zip(loads, isCertain).reduce(0) { $1.1 ? $0 : $0 + $1.0 }
      guard sum > 0 else { return chances }
      var isChanged = false
      for index in loads.indices where !isCertain[index] {
        chances[index] = loads[index] / sum * left
        if chances[index] >= 1 {
          chances[index] = 1
          isCertain[index] = true
          isChanged = true
        }
      }
      guard isChanged else { return chances }
      left = chosen - Double(isCertain.lazy.filter { $0 }.count)
      guard left > 0 else {
        for index in loads.indices where !isCertain[index] { chances[index] = 0 }
        return chances
      }
    }
  }

  /// The loads, largest first, dealt out to the ranks in turn: experts are not placed by their load.
  private static func dealt(_ loads: [Double], _ ranks: UInt64) -> [Double] {
    (0..<Int(ranks)).flatMap { rank in stride(from: rank, to: loads.count, by: Int(ranks)).map { loads[$0] } }
  }
}
