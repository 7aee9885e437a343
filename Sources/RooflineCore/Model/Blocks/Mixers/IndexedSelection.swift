/// Attention to the keys that an indexer scores highest (DeepSeek-V3.2's sparse attention).
///
/// Rows before the attention: `index_q_proj` of the queries' latent, `index_k_proj` and `index_k_norm`, `index_weights_proj`,
/// `index_rotary`, `index_hadamard` (which stores the new keys), `index_scores` of all keys, `index_topk`. All of them run on
/// every rank.
package struct IndexedSelection: Hashable, Sendable {
  /// Keys that a query attends to at most.
  package var kept: UInt64
  /// nil: the layer reads the indices of the last layer that has an indexer.
  package var indexer: Indexer?

  /// What scores the keys.
  package struct Indexer: Hashable, Sendable {
    package var heads, width, rotaryDim: UInt64

    package init(heads: UInt64, width: UInt64, rotaryDim: UInt64) {
      self.heads = heads
      self.width = width
      self.rotaryDim = rotaryDim
    }
  }

  package init(kept: UInt64, indexer: Indexer?) {
    self.kept = kept
    self.indexer = indexer
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, queryRank: UInt64, into sink: inout Sink
  ) {
    guard let indexer else { return }
    let formats = pass.formats
    let (heads, width) = (Scalar.input(.indexHeads, indexer.heads), Scalar.input(.indexDim, indexer.width))
    sink.row(
      "index_q_proj", place,
      GEMM(m: pass.tokens, n: heads * width, k: .input(.queryRank, queryRank), formats: formats),
      reads: Activations(.normalizedQueryLatent), writes: Activations(.indexQuery),
      weight: .tensor("self_attn.indexer.wq_b"))
    sink.row(
      "index_k_proj", place, pass.columnParallel(width, bias: false), reads: Activations(pass.input),
      writes: Activations(.indexKey), weight: .tensor("self_attn.indexer.wk"))
    sink.row(
      "index_k_norm", place, LayerNorm(rows: pass.tokens, width: width, formats: formats),
      reads: Activations(.indexKey), writes: Activations(.indexKey), weight: .tensor("self_attn.indexer.k_norm"))
    sink.row(
      "index_weights_proj", place, pass.columnParallel(heads, bias: false), reads: Activations(pass.input),
      writes: Activations(.indexWeights), weight: .tensor("self_attn.indexer.weights_proj"))
    let shape = AttentionShape(
      batch: pass.batch, queryTokens: pass.queryTokens, attendedKeys: pass.attendedKeys, heads: heads,
      keyValueHeads: 1, headDim: width)
    sink.row(
      "index_rotary", place,
      Rotary(shape, dim: .input(.rotaryDim, indexer.rotaryDim), keySource: .activation, formats: formats),
      reads: Activations(.indexQuery, .table, .indexKey), writes: Activations(.indexQuery, .indexKey))
    // A training step keeps the keys between rows, and others in the cache.
    let keys = pass.isTraining ? Activations(.indexQuery, .indexKey) : Activations(.indexQuery)
    sink.row(
      "index_hadamard", place,
      IndexRotation(
        tokens: pass.tokens, heads: heads, width: width,
        steps: .input(.transformSteps, UInt64(indexer.width.trailingZeroBitCount)), keyHome: pass.keyValueHome,
        formats: formats),
      reads: Activations(.indexQuery, .indexKey), writes: keys)
    let pairs = Attention<Scalar>.causalPairs(pass.queryTokens, pass.attendedKeys)
    sink.row(
      "index_scores", place,
      IndexScores(
        batch: pass.batch, queryTokens: pass.queryTokens, keys: pass.attendedKeys, pairs: pairs, heads: heads,
        width: width, keyHome: pass.keyValueHome, formats: formats),
      reads: pass.isTraining
        ? Activations(.indexQuery, .indexWeights, .indexKey) : Activations(.indexQuery, .indexWeights),
      writes: Activations(.indexScores))
    sink.row(
      "index_topk", place,
      IndexSelection(
        batch: pass.batch, queryTokens: pass.queryTokens, pairs: pairs,
        kept: pass.attendedKeys.minimum(.input(.selectedKeys, kept)), keys: pass.attendedKeys, formats: formats),
      reads: Activations(.indexScores), writes: Activations(.indices))
  }
}
