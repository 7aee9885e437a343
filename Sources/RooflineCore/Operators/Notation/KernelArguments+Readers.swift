/// Operators out of the columns of a measurement file.
extension KernelArguments {
  func gemm<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> GEMM<Scalar> {
    GEMM(
      m: try input(.gemmM, "m"), n: try input(.gemmN, "n"), k: try input(.gemmK, "k"), formats: formats,
      hasBias: try flag("bias", default: false))
  }

  func attentionShape<Scalar: Term>() throws(InputError) -> AttentionShape<Scalar> {
    let phase = values["phase"]
    guard phase == nil || phase == "prefill" || phase == "decode" else {
      throw .usage("phase=\(phase ?? "") is neither prefill nor decode")
    }
    let queries = phase == "decode" ? try number("query", default: 1) : try number("query", default: nil)
    guard phase != "decode" || queries == 1 else { throw .usage("a decode step has query=1, not \(queries)") }
    let keys = try number("context", default: phase == "decode" ? nil : queries)
    guard queries <= keys else {
      throw .usage("query=\(queries) is more than context=\(keys), which includes the new tokens")
    }
    let heads = try number("heads", default: nil)
    let keyValueHeads = try number("kv_heads", default: heads)
    guard heads.isMultiple(of: keyValueHeads) else {
      throw .usage("kv_heads=\(keyValueHeads) does not divide heads=\(heads)")
    }
    let batch = Scalar.input(.batch, try number("batch", default: 1))
    let width = try number("head_dim", default: nil)
    let valueWidth = try number("value_dim", default: width)
    if let shared = try given("shared_dim"), shared > 0 {
      guard shared < width, keyValueHeads == heads else {
        throw .usage("shared_dim=\(shared) is the part of head_dim that all heads share; it needs a KV head a head")
      }
      return AttentionShape(
        batch: batch, queryTokens: .input(.queryTokens, queries), attendedKeys: .input(.attendedKeys, keys),
        heads: .input(.heads, heads), ownDim: .input(.nopeDim, width - shared), sharedDim: .input(.ropeDim, shared),
        valueDim: .input(.valueDim, valueWidth))
    }
    guard try !flag("latent", default: false) || valueWidth <= width else {
      throw .usage("value_dim=\(valueWidth) is more than head_dim=\(width), of which latent=1 makes it a part")
    }
    return AttentionShape(
      batch: batch, queryTokens: .input(.queryTokens, queries), attendedKeys: .input(.attendedKeys, keys),
      heads: .input(.heads, heads), keyValueHeads: .input(.keyValueHeads, keyValueHeads),
      headDim: .input(.headDim, width), valueDim: valueWidth == width ? nil : .input(.valueDim, valueWidth))
  }

  /// Causal unless said otherwise; `window=0` is none.
  func mask<Scalar: Term>() throws(InputError) -> Attention<Scalar>.Mask {
    let isCausal = try flag("causal", default: true)
    if let kept = try given("top_k") {
      guard isCausal, values["window"] == nil else {
        throw .usage("top_k chooses of the keys before a query; leave out causal and window")
      }
      return .selected(.input(.selectedKeys, kept))
    }
    if values["chunk"] != nil {
      guard isCausal, values["window"] == nil else { throw .usage("chunk needs the causal mask and no window") }
      return .chunked(try input(.chunk, "chunk"))
    }
    guard let text = values["window"], text != "0" else { return isCausal ? .causal : .full }
    guard isCausal else { throw .usage("a sliding window needs the causal mask; leave out causal or window") }
    return .slidingWindow(try input(.window, "window"))
  }

  /// `rows` tokens of `batch` sequences: the table has a row per position, shared by the sequences.
  func rotaryShape<Scalar: Term>() throws(InputError) -> AttentionShape<Scalar> {
    let rows = try number("rows", default: nil)
    let batch = try number("batch", default: 1)
    guard rows.isMultiple(of: batch) else { throw .usage("rows=\(rows) is not a multiple of batch=\(batch)") }
    let heads = try number("heads", default: nil)
    let keyValueHeads = try number("kv_heads", default: heads)
    let headDim = try number("head_dim", default: nil)
    let width = (Count(heads) + Count(keyValueHeads)) * Count(headDim)
    guard try number("width", default: width.value) == width.value else {
      throw .usage("width is not (heads + kv_heads) × head_dim = \(width.value); leave it out")
    }
    let tokens = rows / batch
    let keys = try number("context", default: tokens)
    guard tokens <= keys else {
      throw .usage("a sequence's \(tokens) tokens are more than context=\(keys), which includes them")
    }
    return AttentionShape(
      batch: .input(.batch, batch), queryTokens: .input(.queryTokens, tokens),
      attendedKeys: .input(.attendedKeys, keys), heads: .input(.heads, heads),
      keyValueHeads: .input(.keyValueHeads, keyValueHeads), headDim: .input(.headDim, headDim))
  }

  func rotary<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> Rotary<Scalar> {
    let shape: AttentionShape<Scalar> = try rotaryShape()
    let headDim = try number("head_dim", default: nil)
    let dim = try number("rotary_dim", default: headDim)
    guard dim <= headDim else { throw .usage("rotary_dim=\(dim) is more than head_dim=\(headDim)") }
    guard dim.isMultiple(of: 2) else {
      let column = values["rotary_dim"] == nil ? "head_dim" : "rotary_dim"
      throw .usage("\(column)=\(dim) is odd, and rotary turns elements in pairs; give an even one")
    }
    return Rotary(
      shape, dim: dim == headDim ? nil : .input(.rotaryDim, dim),
      keySource: try flag("fused", default: false)
        ? .fusedProjection : try flag("latent", default: false) ? .latentProjection : .keyValueCache, formats: formats)
  }

  /// Without `positions`, every row stands at a place of its own: one sequence.
  func positionEmbedding<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> PositionEmbedding<Scalar> {
    let rows = try number("rows", default: nil)
    let positions = try number("positions", default: rows)
    guard positions <= rows else { throw .usage("positions=\(positions) is more than rows=\(rows)") }
    return PositionEmbedding(
      rows: .input(.rows, rows), positions: .input(.queryTokens, positions), width: try input(.width, "width"),
      formats: formats)
  }

  func gated<Scalar: Term>(
    _ function: GateFunction, _ formats: NumberFormats
  ) throws(InputError) -> GatedActivation<Scalar> {
    GatedActivation(function, rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats)
  }

  func layerNormGradient<Scalar: Term>(
    by target: LayerNormGradient<Scalar>.Target, _ formats: NumberFormats
  ) throws(InputError) -> LayerNormGradient<Scalar> {
    LayerNormGradient(
      rows: try input(.rows, "rows"), width: try input(.width, "width"), by: target,
      addsResidual: try flag("residual", default: false), formats: formats)
  }

  func normGradient<Scalar: Term>(
    by target: RMSNormGradient<Scalar>.Target, _ formats: NumberFormats
  ) throws(InputError) -> RMSNormGradient<Scalar> {
    RMSNormGradient(
      rows: try input(.rows, "rows"), width: try input(.width, "width"), by: target,
      addsResidual: try flag("residual", default: false), hasWeight: try flag("weight", default: true),
      formats: formats)
  }

  func embeddingGradient<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> EmbeddingGradient<Scalar> {
    let lookup: Embedding<Scalar> = try embedding(formats)
    return EmbeddingGradient(
      tokens: lookup.tokens, ownRows: lookup.ownRows, width: lookup.width, formats: formats)
  }

  func embedding<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> Embedding<Scalar> {
    let tokens: Scalar = try input(.rows, "rows")
    let ranks = Scalar.input(.tensorParallel, try number("tp", default: 1))
    return Embedding(
      tokens: tokens, ownRows: tokens.divided(roundingUpBy: ranks), width: try input(.width, "width"), formats: formats)
  }

  func collective<Scalar: Term>(_ pattern: CollectivePattern) throws(InputError) -> Collective<Scalar> {
    guard try number("ranks", default: nil) > 1 else { throw .usage("a collective needs ranks=2 or more") }
    return Collective(pattern, ranks: try input(.ranks, "ranks"), message: try input(.message, "bytes"))
  }
}
