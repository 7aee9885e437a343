/// How tokens spread over the routed experts of a layer.
public enum ExpertLoad {
  /// Distinct experts that `tokens` tokens touch, each sent to `chosen` of `experts`, uniform and independent: the expected number
  /// E·(1 − (1 − K/E)^N).
  ///
  /// Routing of real text is less even: `bounds` are what no routing goes beyond.
  public static func distinctExperts(_ experts: UInt64, chosen: UInt64, tokens: Double) -> Double {
    guard chosen < experts else { return Double(experts) }
    let all = Double(experts)
    return all * (1 - Mathematics.power(1 - Double(chosen) / all, tokens))
  }

  /// The fewest and the most distinct experts that any routing touches.
  public static func bounds(_ experts: UInt64, chosen: UInt64, tokens: UInt64) -> ClosedRange<UInt64> {
    let least = min(chosen, experts)
    guard tokens > 0 else { return 0...0 }
    let (pairs, isOverflow) = chosen.multipliedReportingOverflow(by: tokens)
    return least...max(least, isOverflow ? experts : min(pairs, experts))
  }
}
