/// The keys with the largest scores, so many a query: comparisons and moves, no FLOPs.
public struct IndexSelection<Scalar: Term>: OperatorDefinition {
  public let batch, queryTokens: Scalar
  /// (query, key) pairs of one sequence that have a score.
  public let pairs: Scalar
  /// Keys that are kept of each query's, at most.
  public let kept: Scalar
  public let formats: NumberFormats

  public init(batch: Scalar, queryTokens: Scalar, pairs: Scalar, kept: Scalar, formats: NumberFormats) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.pairs = pairs.named(.pairs)
    self.kept = kept
    self.formats = formats
  }

  public var kind: OperatorKind { .indexSelection }
  public var asOperator: Operator<Scalar> { .indexSelection(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts() }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.scores, .loadActivation, batch * pairs, .score))
    visit(Operand(.indices, .storeActivation, batch * queryTokens * kept, .tokenID))
  }

  public static var source: String { "the keys with the largest scores: comparisons, no arithmetic" }
}
