/// StableLM: LayerNorm, rotary embedding of a share of each head, gated silu MLP, biases of q, k and v where the file says so.
enum StableLMFamily: ArchitectureFamily {
  static let modelTypes = ["stablelm"]
  static let architectures = ["StableLmForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, turnsWholeHeads: false)
    try keys.require("qk_layernorm", .bool(false), "norms of each head with weights of its own are not counted")
    parts.attention.hasQueryKeyValueBias = try keys.flag("use_qkv_bias", assumed: false)
    parts.attention.rotaryDim = try keys.rotaryDim(
      of: parts.attention.headDim, keys: ["partial_rotary_factor", "rope_pct"], assumed: 0.25)
    let isParallel = try keys.flag("use_parallel_residual", assumed: false)
    return DecoderModel(
      hiddenSize: parts.hidden, embedding: EmbeddingBlock(vocabSize: parts.vocabulary),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(parts.attention),
          feedForward: .gated(GatedMLP(intermediateSize: parts.intermediate)),
          residual: isParallel ? .parallelWithOneNorm : .preNorm, norms: LayerNormNames())
      ],
      runs: [LayerRun(group: 0, layers: parts.layers)], norm: .layer, head: HeadBlock(isTied: parts.isTied),
      layerPrefix: "model.layers.")
  }
}
