/// Scores by which an indexer chooses the keys that attention reads: for each query and key that it sees, the weighted sum over
/// index heads of max(0, q·k).
///
/// A pair: 2·h_I·d_I for the products (tensor), and vector a weight and an addition a head and the key's scale, 2·h_I + 1; the
/// ReLU compares. Queries are multiplied in the keys' format. Keys of 8 bits or less carry a 4-byte scale each.
///
/// Where blocks of keys are chosen, each index head keeps the largest product of a block, which compares; vector is then the
/// scale alone, one a pair and head where keys have one.
package struct IndexScores<Scalar: Term>: OperatorDefinition {
  /// B sequences of T queries, and the keys of each.
  package let batch, queryTokens, keys: Scalar
  /// (query, key) pairs of one sequence.
  package let pairs: Scalar
  package let heads, width: Scalar
  /// Keys of a block, of whose scores each head keeps the largest; nil: every key has a score, a weighted sum over heads.
  package let block: Scalar?
  /// Where the keys lie.
  package let keyHome: KeyValueHome
  package let formats: NumberFormats

  package init(
    batch: Scalar, queryTokens: Scalar, keys: Scalar, pairs: Scalar, heads: Scalar, width: Scalar,
    block: Scalar? = nil, keyHome: KeyValueHome = .cache, formats: NumberFormats
  ) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.keys = keys
    self.pairs = pairs.named(.pairs)
    self.heads = heads
    self.width = width
    self.block = block
    self.keyHome = keyHome
    self.formats = formats
  }

  /// Whether every key before a query has a score of its own; entries stand for several tokens.
  package var seesEveryKey: Bool {
    @specialized(where Scalar == Count) get { pairs == Attention<Scalar>.causalPairs(queryTokens, keys) }
  }

  package var kind: OperatorKind { .indexScores }
  package var asOperator: Operator<Scalar> { .indexScores(self) }
  package var gradients: OperatorGradients<Scalar> { .unknown }

  package var matrixUnit: DType? { unit }

  private var unit: DType { keyHome == .cache ? formats.keyValueCache : formats.residual }

  package var flops: FLOPCounts<Scalar> {
    @specialized(where Scalar == Count) get {
      let product = 2 * batch * pairs * heads * width
      guard block == nil else {
        return FLOPCounts(
          product: product, on: unit, vector: keyHome.carriesIndexScale(formats) ? batch * pairs * heads : 0)
      }
      return FLOPCounts(product: product, on: unit, vector: batch * pairs * (2 * heads + 1))
    }
  }

  @specialized(where Scalar == Count)
  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let queries = batch * queryTokens * heads
    visit(Operand(.query, .loadActivation, queries * width, formats.residualFormat))
    if block == nil { visit(Operand(.weights, .loadActivation, queries, formats.residualFormat)) }
    visit(Operand(.key, keyHome.load, batch * keys * width, keyHome.format(formats)))
    if keyHome.carriesIndexScale(formats) { visit(Operand(.scale, .loadKVCache, batch * keys, .score)) }
    visit(Operand(.scores, .storeActivation, batch * storedScores, .score))
  }

  /// Scores of one sequence that are kept: one a pair, or one a head and block that a query sees.
  private var storedScores: Scalar {
    block.map { heads * Attention<Scalar>.blockPairs(queryTokens, keys, block: $0) } ?? pairs
  }

  package static var source: String {
    "index scores, a pair: 2d_I a head for q·k; a weight and an addition a head, and the key's scale; ReLU compares"
  }
}

extension KeyValueHome {
  /// Whether index keys have scales of their own: those of a cache of 8 bits or less.
  func carriesIndexScale(_ formats: NumberFormats) -> Bool { self == .cache && formats.keyValueCache.bits <= 8 }
}

extension ElementFormat {
  /// An indexer's scores, and scales of its keys.
  package static let score = ElementFormat(.scoreBytes, .fp32)
}
