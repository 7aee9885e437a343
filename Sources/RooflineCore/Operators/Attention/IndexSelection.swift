/// The keys with the largest scores, so many a query: comparisons and moves, no FLOPs.
///
/// A choice has no gradient: what scores the keys learns from a loss of its own, as DeepSeek-V3.2's indexer does (arXiv:2512.02556), and
/// its inputs are cut off from the model's.
package struct IndexSelection<Scalar: Term>: OperatorDefinition {
  package let batch, queryTokens: Scalar
  /// (query, key) pairs of one sequence that have a score.
  package let pairs: Scalar
  /// Keys that are kept of each query's, at most.
  package let kept: Scalar
  /// Keys with a score that the last query of a sequence has; nil: blocks of keys have the scores.
  package let keys: Scalar?
  /// Whether all scores are equal, as benchmarks may have them, so that nothing tells which keys are kept.
  package let scoresTie: Bool
  package let formats: NumberFormats

  package init(
    batch: Scalar, queryTokens: Scalar, pairs: Scalar, kept: Scalar, keys: Scalar?, scoresTie: Bool = false,
    formats: NumberFormats
  ) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.pairs = pairs.named(.pairs)
    self.kept = kept
    self.keys = keys
    self.scoresTie = scoresTie
    self.formats = formats
  }

  package var kind: OperatorKind { .indexSelection }
  package var asOperator: Operator<Scalar> { .indexSelection(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts() }

  @specialized(where Scalar == Count)
  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.scores, .loadActivation, batch * pairs, .score))
    visit(Operand(.indices, .storeActivation, batch * queryTokens * kept, .tokenID))
  }

  package var gradients: OperatorGradients<Scalar> { .cutOff }

  package static var source: String { "the keys with the largest scores: comparisons, no arithmetic" }
}
