/// Jamba: one attention layer, without positions, in every `attn_layer_period`, Mamba-1 in the others; routed experts in one layer
/// of every `expert_layer_period`, a gated silu MLP in the others.
enum JambaFamily: ArchitectureFamily {
  static let modelTypes = ["jamba"]
  static let architectures = ["JambaForCausalLM"]
  static let harmlessKeys: Set<String> = ["use_mamba_kernels", "calc_logits_for_entire_prompt", "sliding_window"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let attention = GroupedQueryAttention(
      numHeads: heads, numKeyValueHeads: try keys.keyValueHeads(of: heads, mayOmit: false),
      headDim: try keys.headDim(hidden: hidden, heads: heads), rotaryDim: nil)
    try keys.requireSilu()
    let width = try keys.required("intermediate_size", "the width of the MLP, and of an expert")
    let experts = try keys.integer("num_experts", assumed: 16)
    let chosen = try keys.integer("num_experts_per_tok", assumed: 2)
    guard chosen <= experts else {
      throw keys.text.wrong("num_experts_per_tok", .integer(Int64(chosen)), "at most num_experts (\(experts))")
    }
    let routed = FeedForward.routed(
      RoutedExperts(
        experts: experts, chosen: chosen, width: width,
        router: .init(scoring: .softmax, renormalises: false, name: .tensor("feed_forward.router")),
        names: .init(
          first: .halves("feed_forward.experts.M.gate_proj", "feed_forward.experts.M.up_proj"),
          down: .tensor("feed_forward.experts.M.down_proj"))))
    let dense = FeedForward.gated(
      GatedMLP(
        intermediateSize: width,
        names: .init(
          gate: .tensor("feed_forward.gate_proj"), up: .tensor("feed_forward.up_proj"),
          down: .tensor("feed_forward.down_proj"))))
    let layers = try keys.required("num_hidden_layers", "the number of layers")
    try keys.requireListable(layers)
    let isAttention = try keys.periodic("attn_layer", period: 8, offset: 4)
    // One expert is an MLP.
    let isRouted = try keys.periodic("expert_layer", period: 2, offset: 1)
    let mamba = try mamba(&keys, hidden: hidden)
    let norms = LayerNormNames(feedForward: "pre_ff_layernorm")
    return DecoderModel(
      hiddenSize: hidden, embedding: EmbeddingBlock(vocabSize: try keys.required("vocab_size", "the number of tokens")),
      layers: (0..<layers).map { index in
        let (hasAttention, hasExperts) = (isAttention(index), isRouted(index) && experts > 1)
        return LayerGroup(
          name: name(hasAttention, hasExperts), mixer: hasAttention ? .groupedQuery(attention) : .mamba(mamba),
          feedForward: hasExperts ? routed : dense, residual: .preNorm, norms: norms)
      }, norm: .rms,
      head: HeadBlock(isTied: try keys.tiesWordEmbeddings(assumed: false), normName: "model.final_layernorm"),
      layerPrefix: "model.layers.")
  }

  private static func mamba(_ keys: inout ConfigurationKeys, hidden: UInt64) throws(InputError) -> MambaMixer {
    let expand = try keys.integer("mamba_expand", assumed: 2)
    let inner = Count(expand) * Count(hidden)
    guard !inner.isOverflow else { throw .overflow(what: "mamba_expand × hidden_size") }
    let rank: UInt64
    if keys.value("mamba_dt_rank") == .string("auto") || keys.value("mamba_dt_rank") == nil {
      rank = Count(hidden).divided(roundingUpBy: 16).value
      keys.assume("mamba_dt_rank", "\(rank)", "\(keys.architecture): hidden_size / 16, rounded up")
    } else {
      rank = try keys.required("mamba_dt_rank", "the inner width of the step sizes")
    }
    return MambaMixer(
      innerWidth: inner.value, stateSize: try keys.integer("mamba_d_state", assumed: 16), stepRank: rank,
      taps: try keys.integer("mamba_d_conv", assumed: 4),
      hasConvolutionBias: try keys.flag("mamba_conv_bias", assumed: true),
      hasBias: try keys.flag("mamba_proj_bias", assumed: false))
  }

  private static func name(_ hasAttention: Bool, _ hasExperts: Bool) -> StaticText {
    switch (hasAttention, hasExperts) {
    case (true, true): "attention experts"
    case (true, false): "attention"
    case (false, true): "mamba experts"
    case (false, false): "mamba"
    }
  }
}

extension ConfigurationKeys {
  /// Layers whose number leaves a given rest: `…_period` and `…_offset`.
  fileprivate mutating func periodic(
    _ key: String, period: UInt64, offset: UInt64
  ) throws(InputError) -> (UInt64) -> Bool {
    let period = try integer("\(key)_period", assumed: period)
    let rest: UInt64
    switch value("\(key)_offset") {
    case nil:
      assume("\(key)_offset", String(offset))
      rest = offset
    case .integer(let stated) where stated >= 0: rest = UInt64(stated)
    case .some(let other): throw text.wrong("\(key)_offset", other, "a whole number of at least 0")
    }
    guard rest < period else {
      throw text.wrong("\(key)_offset", .integer(Int64(rest)), "less than \(key)_period (\(period))")
    }
    return { $0 % period == rest }
  }
}
