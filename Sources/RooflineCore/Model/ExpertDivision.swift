/// How the ranks of a pass share routed experts.
package struct ExpertDivision: Hashable, Sendable {
  /// Ranks that share them, and how many of these deal whole experts out; the rest divides each expert's columns.
  let ranks, parallel: UInt64
  /// Whether each rank has tokens of its own, which travel to their experts and back.
  let isDispatched: Bool
  package let load: ExpertLoad
  /// Tokens that all ranks route together.
  package let tokens: Double

  package init(_ step: borrowing DecoderStep) {
    ranks = step.tensorParallel
    parallel = step.expertParallel
    isDispatched = step.isAttentionDataParallel && step.expertParallel > 1
    load = step.expertLoad
    // Where ranks have tokens of their own, as many on each.
    let each =
      step.isAttentionDataParallel
      ? (Double(step.batch) / Double(ranks)).rounded(.up) * Double(ranks) : Double(step.batch)
    tokens = each * Double(step.queryTokens)
  }

  /// Ranks that divide each expert.
  var width: UInt64 { max(ranks / parallel, 1) }
}
