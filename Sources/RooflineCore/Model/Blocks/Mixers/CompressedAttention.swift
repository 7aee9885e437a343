/// DeepSeek-V4's attention: all heads read one row of each token, which is key and value; rows of the last tokens as they are,
/// those of earlier ones compressed, an entry for several tokens.
///
/// Rows: `q_a_proj`, `q_a_norm`, `q_b_proj`, `q_b_norm` (no weight), `kv_proj`, `kv_norm`, `rotary` of the heads' turned part;
/// where there is a compressor `compress_kv_proj`, `compress_gate_proj`, `compress`, `compress_norm`; where an indexer chooses
/// entries the same as `index_compress_…`, `index_q_proj`, `index_weights_proj`, `index_scores`, `index_topk`; attention with a
/// sink a head; `inverse_rotary`, `o_a_proj` (one product a group of heads), `o_b_proj`. Ranks divide heads and groups; everything
/// else runs on every rank, which caches all rows.
package struct CompressedAttention: Hashable, Sendable {
  package var numHeads, headDim, queryRank: UInt64
  /// Turned elements of a head.
  package var rotaryDim: UInt64
  /// Tokens that a query sees uncompressed, itself included.
  package var window: UInt64
  package var outputGroups, outputRank: UInt64
  /// nil: the layer sees its window alone.
  package var compressor: Compressor?

  package init(
    numHeads: UInt64, headDim: UInt64, queryRank: UInt64, rotaryDim: UInt64, window: UInt64, outputGroups: UInt64,
    outputRank: UInt64, compressor: Compressor? = nil
  ) {
    self.numHeads = numHeads
    self.headDim = headDim
    self.queryRank = queryRank
    self.rotaryDim = rotaryDim
    self.window = window
    self.outputGroups = outputGroups
    self.outputRank = outputRank
    self.compressor = compressor
  }

  /// What makes entries of tokens.
  package struct Compressor: Hashable, Sendable {
    package var tokensPerEntry: UInt64
    /// Whether an entry's window has the tokens of the entry before as well.
    package var overlaps: Bool
    /// What chooses entries; nil: a query sees all.
    package var indexer: Indexer?

    package init(tokensPerEntry: UInt64, overlaps: Bool, indexer: Indexer? = nil) {
      self.tokensPerEntry = tokensPerEntry
      self.overlaps = overlaps
      self.indexer = indexer
    }

    /// Elements of a token's row for each of an entry.
    var rowFactor: UInt64 { overlaps ? 2 : 1 }
  }

  /// Heads that score entries, which a compressor of their own makes.
  package struct Indexer: Hashable, Sendable {
    package var heads, width, kept: UInt64

    package init(heads: UInt64, width: UInt64, kept: UInt64) {
      self.heads = heads
      self.width = width
      self.kept = kept
    }
  }

  func isLegal(tensorParallel degree: UInt64) -> Bool {
    numHeads.isMultiple(of: degree) && outputGroups.isMultiple(of: degree)
  }

  package var cache: CacheShape {
    var tokens = [TokenCache(.shared(headDim), span: .window(window))]
    var index: IndexKeyCache?
    if let compressor {
      tokens.append(TokenCache(.shared(headDim), tokensPerEntry: compressor.tokensPerEntry))
      index = compressor.indexer.map { IndexKeyCache(width: $0.width, tokensPerRow: compressor.tokensPerEntry) }
    }
    return CacheShape(tokens: tokens, index: index)
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, output: ActivationTensor, into sink: inout Sink
  ) {
    let rows = Rows(self, pass, place)
    rows.emitProjections(into: &sink)
    if let compressor { rows.emit(compressor, into: &sink) }
    rows.emitAttention(into: &sink)
    rows.emitOutput(to: output, into: &sink)
  }
}
