/// MiniMax-Text-01: lightning attention in most layers, grouped-query attention in the others, routed experts in all; both branches
/// and the stream are scaled before they are added.
enum MiniMaxFamily: ArchitectureFamily {
  static let modelTypes = ["minimax"]
  static let architectures = ["MiniMaxForCausalLM"]
  // The constants of the scaled additions.
  static let harmlessKeys: Set<String> = [
    "full_attn_alpha_factor", "full_attn_beta_factor", "linear_attn_alpha_factor", "linear_attn_beta_factor",
    "mlp_alpha_factor", "mlp_beta_factor",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let headDim = try keys.headDim(hidden: hidden, heads: heads)
    let attention = GroupedQueryAttention(
      numHeads: heads, numKeyValueHeads: try keys.keyValueHeads(of: heads, mayOmit: false), headDim: headDim,
      rotaryDim: try keys.turnedElements(of: headDim), window: try keys.integer("sliding_window"))
    try keys.requireSilu()
    let (experts, chosen) = try keys.experts("num_local_experts", chosen: "num_experts_per_tok")
    let block = FeedForward.routed(
      RoutedExperts(
        experts: experts, chosen: chosen,
        width: try keys.required("intermediate_size", "the width of an expert"),
        router: .init(scoring: .softmaxOfChosen, renormalises: false, name: .tensor("block_sparse_moe.gate")),
        names: .init(
          first: .halves("block_sparse_moe.experts.M.w1", "block_sparse_moe.experts.M.w3"),
          down: .tensor("block_sparse_moe.experts.M.w2"))))
    let lightning = LightningMixer(
      numHeads: heads, headDim: headDim, block: try keys.integer("block_size", assumed: 256))
    let layers = try keys.required("num_hidden_layers", "the number of layers")
    let isFull: [Bool]
    if let types = try keys.layerTypes(["linear_attention", "full_attention"], layers: layers) {
      isFull = types.map { $0 == "full_attention" }
    } else {
      try keys.requireListable(layers)
      keys.assume("layer_types", "full_attention in every second layer")
      isFull = (0..<layers).map { !$0.isMultiple(of: 2) }
    }
    return DecoderModel(
      hiddenSize: hidden, embedding: EmbeddingBlock(vocabSize: try keys.required("vocab_size", "the number of tokens")),
      layers: isFull.map {
        LayerGroup(
          name: $0 ? "full" : "lightning", mixer: $0 ? .groupedQuery(attention) : .lightning(lightning),
          feedForward: block, residual: .scaled, norms: LayerNormNames())
      }, norm: .rms, head: HeadBlock(isTied: try keys.tiesWordEmbeddings(assumed: false)),
      layerPrefix: "model.layers.")
  }
}

extension ConfigurationKeys {
  /// How many elements of a head are turned: `rotary_dim`, else a share, else all.
  fileprivate mutating func turnedElements(of headDim: UInt64) throws(InputError) -> UInt64 {
    guard let dim = try integer("rotary_dim") else {
      return try rotaryDim(of: headDim, keys: ["partial_rotary_factor"], assumed: 1)
    }
    guard dim <= headDim, dim.isMultiple(of: 2) else {
      throw text.wrong("rotary_dim", .integer(Int64(dim)), "an even number up to the head's \(headDim) elements")
    }
    return dim
  }
}
