/// Attention to blocks of keys that an indexer scores highest, for each KV head by itself (MiniMax-M3's sparse attention).
///
/// Rows before the attention: `index_q_proj`, `index_k_proj`, `index_q_norm`, `index_k_norm`, `index_rotary` (which stores the new
/// keys), `index_scores` of all keys and `index_topk` of their blocks. All of them run on every rank. The block that a query is
/// in is one of the chosen ones.
package struct BlockSelection: Hashable, Sendable {
  /// Blocks that a query attends to at most, and keys of a block.
  package var kept, block: UInt64
  /// Heads of the indexer, elements of each, and those of them that are turned.
  package var heads, width, rotaryDim: UInt64

  package init(kept: UInt64, block: UInt64, heads: UInt64, width: UInt64, rotaryDim: UInt64) {
    self.kept = kept
    self.block = block
    self.heads = heads
    self.width = width
    self.rotaryDim = rotaryDim
  }

  /// Keys that a query attends to at most.
  func keys<Scalar: Term>() -> Scalar { .input(.chosenBlocks, kept) * .input(.indexBlock, block) }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    let formats = pass.formats
    let (heads, width) = (Scalar.input(.indexHeads, heads), Scalar.input(.indexDim, width))
    sink.row(
      "index_q_proj", place, pass.columnParallel(heads * width, bias: false), reads: Activations(pass.input),
      writes: Activations(.indexQuery), weight: .tensor("self_attn.index_q_proj"))
    sink.row(
      "index_k_proj", place, pass.columnParallel(width, bias: false), reads: Activations(pass.input),
      writes: Activations(.indexKey), weight: .tensor("self_attn.index_k_proj"))
    sink.row(
      "index_q_norm", place,
      RMSNorm(rows: pass.tokens * heads, width: width, keepsRoot: pass.isTraining, formats: formats),
      reads: Activations(.indexQuery), writes: Activations(.indexQuery), weight: .tensor("self_attn.index_q_norm"))
    sink.row(
      "index_k_norm", place, RMSNorm(rows: pass.tokens, width: width, keepsRoot: pass.isTraining, formats: formats),
      reads: Activations(.indexKey), writes: Activations(.indexKey), weight: .tensor("self_attn.index_k_norm"))
    let shape = AttentionShape(
      batch: pass.batch, queryTokens: pass.queryTokens, attendedKeys: pass.attendedKeys, heads: heads,
      keyValueHeads: 1, headDim: width)
    sink.row(
      "index_rotary", place,
      Rotary(
        shape, dim: .input(.rotaryDim, rotaryDim), keySource: pass.isTraining ? .activation : .indexProjection,
        formats: formats),
      reads: Activations(.indexQuery, .table, .indexKey),
      writes: pass.isTraining ? Activations(.indexQuery, .indexKey) : Activations(.indexQuery))
    let size = Scalar.input(.indexBlock, block)
    sink.row(
      "index_scores", place,
      IndexScores(
        batch: pass.batch, queryTokens: pass.queryTokens, keys: pass.attendedKeys,
        pairs: Attention<Scalar>.causalPairs(pass.queryTokens, pass.attendedKeys), heads: heads, width: width,
        block: size, keyHome: pass.keyValueHome, formats: formats),
      reads: pass.isTraining ? Activations(.indexQuery, .indexKey) : Activations(.indexQuery),
      writes: Activations(.indexScores))
    sink.row(
      "index_topk", place,
      IndexSelection(
        batch: pass.batch, queryTokens: pass.queryTokens,
        pairs: heads * Attention<Scalar>.blockPairs(pass.queryTokens, pass.attendedKeys, block: size),
        kept: heads * pass.attendedKeys.divided(roundingUpBy: size).minimum(.input(.chosenBlocks, kept)),
        keys: nil, formats: formats),
      reads: Activations(.indexScores), writes: Activations(.indices))
  }
}
