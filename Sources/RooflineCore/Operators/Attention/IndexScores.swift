/// Scores by which an indexer chooses the keys that attention reads: for each query and key that it sees, the weighted sum over
/// index heads of max(0, q·k).
///
/// A pair: 2·h_I·d_I for the products (tensor), and vector a weight and an addition a head and the key's scale, 2·h_I + 1; the
/// ReLU compares. Queries are multiplied in the keys' format. Keys of 8 bits or less carry a 4-byte scale each.
package struct IndexScores<Scalar: Term>: OperatorDefinition {
  /// B sequences of T queries, and the keys of each.
  package let batch, queryTokens, keys: Scalar
  /// (query, key) pairs of one sequence.
  package let pairs: Scalar
  package let heads, width: Scalar
  package let formats: NumberFormats

  package init(
    batch: Scalar, queryTokens: Scalar, keys: Scalar, pairs: Scalar, heads: Scalar, width: Scalar,
    formats: NumberFormats
  ) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.keys = keys
    self.pairs = pairs.named(.pairs)
    self.heads = heads
    self.width = width
    self.formats = formats
  }

  package var kind: OperatorKind { .indexScores }
  package var asOperator: Operator<Scalar> { .indexScores(self) }

  package var matrixUnit: DType? { formats.keyValueCache }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(
      product: 2 * batch * pairs * heads * width, on: formats.keyValueCache, vector: batch * pairs * (2 * heads + 1))
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let queries = batch * queryTokens * heads
    visit(Operand(.query, .loadActivation, queries * width, formats.residualFormat))
    visit(Operand(.weights, .loadActivation, queries, formats.residualFormat))
    visit(Operand(.key, .loadKVCache, batch * keys * width, formats.keyValueFormat))
    if formats.carriesIndexScale { visit(Operand(.scale, .loadKVCache, batch * keys, .score)) }
    visit(Operand(.scores, .storeActivation, batch * pairs, .score))
  }

  package static var source: String {
    "index scores, a pair: 2d_I a head for q·k; a weight and an addition a head, and the key's scale; ReLU compares"
  }
}

extension NumberFormats {
  /// Whether index keys have scales of their own: those of a cache of 8 bits or less.
  var carriesIndexScale: Bool { keyValueCache.bits <= 8 }
}

extension ElementFormat {
  /// An indexer's scores, and scales of its keys.
  static let score = ElementFormat(.scoreBytes, .fp32)
}
