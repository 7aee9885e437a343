extension ExpertLoad {
  /// How far a token's choices lie apart where they are balanced: ⌈E/K⌉.
  package static func balancedStride(_ experts: UInt64, chosen: UInt64) -> UInt64 { (experts - 1) / chosen + 1 }

  /// The expert of a balanced token's choice: (t + j·s) mod E; of fewer tokens than s, t is spread over s.
  package static func balancedExpert(
    _ experts: UInt64, chosen: UInt64, token: UInt64, choice: UInt64, of tokens: UInt64
  ) -> UInt64 {
    let stride = balancedStride(experts, chosen: chosen)
    let first = tokens < stride ? token * stride / tokens : token % experts
    return (first + choice * stride) % experts
  }

  /// Experts times choices of a token that are followed through groups; a model's are a hundredth of it.
  package static let mostGroupedChoices: UInt64 = 1 << 20

  /// Balanced choices behind a router that keeps only some groups of experts, as DeepSeek-V3's does: a group is worth its two best
  /// experts, the best `kept` groups remain, and of their experts each token takes the best `chosen`.
  ///
  /// Choices of groups that are dropped fall to experts that nobody chose and that are all alike: which of them, only the kernel's order
  /// decides. SGLang's takes the first, of groups and of experts.
  ///
  /// It takes as long as `experts` × `chosen`: ask for at most `mostGroupedChoices` of them.
  ///
  /// - Parameters:
  ///   - experts: at most `mostExperts`, in `groups` equal parts.
  ///   - chosen: at most the experts of the groups that are kept.
  /// - Returns: token–expert pairs of each expert.
  package static func balanced(
    _ experts: UInt64, chosen: UInt64, tokens: UInt64, groups: UInt64, kept: UInt64
  ) -> [Double] {
    var pairs = [Double](repeating: 0, count: Int(experts))
    let size = experts / groups
    // Choices repeat with the experts' number.
    let around = tokens < balancedStride(experts, chosen: chosen) ? tokens : min(tokens, experts)
    for token in 0..<around {
      let best = Set(
        (0..<chosen).map { balancedExpert(experts, chosen: chosen, token: token, choice: $0, of: tokens) })
      let worth = Dictionary(grouping: best) { $0 / size }.mapValues { min(2, $0.count) }
      let worthy = worth.keys.sorted { (worth[$1, default: 0], $0) < (worth[$0, default: 0], $1) }.prefix(Int(kept))
      // Of groups that nobody chose the first remain, where there is room for them; a token never needs more than it has choices.
      var own = Array(worthy)
      var other: UInt64 = 0
      while own.count < Int(min(kept, UInt64(worthy.count) + chosen)), other < groups {
        if worth[other] == nil { own.append(other) }
        other += 1
      }
      let remaining = Set(worthy)
      var taken = best.filter { remaining.contains($0 / size) }
      for group in own.sorted() where taken.count < chosen {
        for expert in (group * size)..<((group + 1) * size) where taken.count < chosen { taken.insert(expert) }
      }
      let repeats = Double((tokens - token - 1) / around + 1)
      for expert in taken { pairs[Int(expert)] += repeats }
    }
    return pairs
  }
}
