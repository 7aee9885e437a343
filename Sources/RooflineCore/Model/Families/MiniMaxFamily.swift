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
    var parts = try DenseParts(&keys, partialRotary: true)
    parts.attention.window = try keys.integer("sliding_window")
    let (experts, chosen) = try keys.experts("num_local_experts", chosen: "num_experts_per_tok")
    let block = FeedForward.routed(
      RoutedExperts(
        experts: experts, chosen: chosen, width: parts.intermediate,
        router: .init(scoring: .softmaxOfChosen, renormalises: false, name: .tensor("block_sparse_moe.gate")),
        names: .init(
          first: .halves("block_sparse_moe.experts.M.w1", "block_sparse_moe.experts.M.w3"),
          down: .tensor("block_sparse_moe.experts.M.w2"))))
    let lightning = LightningMixer(
      numHeads: parts.attention.numHeads, headDim: parts.attention.headDim,
      block: try keys.integer("block_size", assumed: 256))
    let isFull: [Bool]
    if let types = try keys.layerTypes(["linear_attention", "full_attention"], layers: parts.layers) {
      isFull = types.map { $0 == "full_attention" }
    } else {
      try keys.requireListable(parts.layers)
      keys.assume("layer_types", "every second layer is full_attention")
      isFull = (1...parts.layers).map { $0.isMultiple(of: 2) }
    }
    return DecoderModel(
      hiddenSize: parts.hidden, embedding: EmbeddingBlock(vocabSize: parts.vocabulary),
      layers: isFull.map {
        LayerGroup(
          name: $0 ? "full" : "lightning", mixer: $0 ? .groupedQuery(parts.attention) : .lightning(lightning),
          feedForward: block, residual: .scaled, norms: LayerNormNames())
      }, norm: .rms, head: HeadBlock(isTied: parts.isTied), layerPrefix: "model.layers.")
  }
}
