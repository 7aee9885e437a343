/// GLM-4, dense: norms behind attention and MLP beside those in front, gate and up in one tensor, biases of q, k and v where the file says
/// so, rotary embedding of half of each head.
enum GLM4Family: ArchitectureFamily {
  static let modelTypes = ["glm4"]
  static let architectures = ["Glm4ForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    try .glm4(&keys, residual: .sandwich)
  }
}

/// The class before it, with the norms in front alone.
enum GLMFamily: ArchitectureFamily {
  static let modelTypes = ["glm"]
  static let architectures = ["GlmForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    try .glm4(&keys, residual: .preNorm)
  }
}

extension DecoderModel {
  fileprivate static func glm4(
    _ keys: inout ConfigurationKeys, residual: ResidualForm
  ) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, defaultHeadDim: 128, turnsWholeHeads: false)
    parts.attention.hasQueryKeyValueBias = try keys.flag("attention_bias", assumed: true)
    parts.attention.rotaryDim = try keys.rotaryDim(
      of: parts.attention.headDim, keys: ["partial_rotary_factor"], assumed: 0.5)
    let mlp = GatedMLP(
      intermediateSize: parts.intermediate,
      names: .init(gate: .part(of: "mlp.gate_up_proj"), up: .part(of: "mlp.gate_up_proj")))
    return DecoderModel(
      hiddenSize: parts.hidden, embedding: EmbeddingBlock(vocabSize: parts.vocabulary),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(parts.attention), feedForward: .gated(mlp), residual: residual,
          norms: LayerNormNames(afterMixer: "post_self_attn_layernorm", afterFeedForward: "post_mlp_layernorm"))
      ],
      runs: [LayerRun(group: 0, layers: parts.layers)], norm: .rms, head: HeadBlock(isTied: parts.isTied),
      layerPrefix: "model.layers.")
  }
}
