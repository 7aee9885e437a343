extension ExpertLoad {
  /// How far a token's choices lie apart where they are balanced: ⌈E/K⌉.
  static func balancedStride(_ experts: UInt64, chosen: UInt64) -> UInt64 { (experts - 1) / chosen + 1 }

  /// The expert of a balanced token's choice: (t + j·s) mod E; of fewer tokens than s, t is spread over s.
  package static func balancedExpert(
    _ experts: UInt64, chosen: UInt64, token: UInt64, choice: UInt64, of tokens: UInt64
  ) -> UInt64 {
    let stride = balancedStride(experts, chosen: chosen)
    let first = tokens < stride ? token * stride / tokens : token % experts
    return (first + choice * stride) % experts
  }

  /// Balanced choices behind a router that keeps only some groups of experts, as DeepSeek-V3's does: a group is worth its two best
  /// experts, the best `kept` groups remain, and of their experts each token takes the best `chosen`.
  ///
  /// Choices of groups that are dropped fall to experts that nobody chose and that are all alike: which of them, only the kernel's order
  /// decides. SGLang's takes the first, of groups and of experts.
  ///
  /// - Parameters:
  ///   - experts: at most `mostExperts`, in `groups` equal parts.
  ///   - chosen: at most the experts of the groups that are kept.
  /// - Returns: token–expert pairs of each expert.
  package static func balanced(
    _ experts: UInt64, chosen: UInt64, tokens: UInt64, groups: UInt64, kept: UInt64
  ) -> [Double] {
    var pairs = [Double](repeating: 0, count: Int(experts))
    let size = Int(experts / groups)
    // Choices repeat with the experts' number.
    let around = tokens < balancedStride(experts, chosen: chosen) ? tokens : min(tokens, experts)
    for token in 0..<around {
      var isBest = [Bool](repeating: false, count: Int(experts))
      for choice in 0..<chosen {
        isBest[Int(balancedExpert(experts, chosen: chosen, token: token, choice: choice, of: tokens))] = true
      }
      let worth = (0..<Int(groups)).map { group in
        min(2, isBest[(group * size)..<((group + 1) * size)].lazy.filter { $0 }.count)
      }
      let remaining = worth.indices.sorted { (worth[$1], $0) < (worth[$0], $1) }.prefix(Int(kept)).sorted()
      let own = remaining.flatMap { ($0 * size)..<(($0 + 1) * size) }
      let repeats = Double((tokens - token - 1) / around + 1)
      for expert in (own.filter { isBest[$0] } + own.filter { !isBest[$0] }).prefix(Int(chosen)) {
        pairs[expert] += repeats
      }
    }
    return pairs
  }
}
