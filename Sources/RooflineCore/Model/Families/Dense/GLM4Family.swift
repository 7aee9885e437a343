/// GLM-4, dense: norms behind attention and MLP beside those in front, gate and up in one tensor, biases of q, k and v where the file says
/// so, rotary embedding of half of each head. The older class, `glm`, has the norms in front alone.
enum GLM4Family: ArchitectureFamily {
  static let modelTypes = ["glm4", "glm"]
  static let architectures = ["Glm4ForCausalLM", "GlmForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, defaultHeadDim: 128, turnsWholeHeads: false)
    parts.attention.hasQueryKeyValueBias = try keys.flag("attention_bias", assumed: false)
    parts.attention.rotaryDim = try keys.rotaryDim(
      of: parts.attention.headDim, keys: ["partial_rotary_factor"], assumed: 0.5)
    let mlp = GatedMLP(
      intermediateSize: parts.intermediate,
      names: .init(gate: .part(of: "mlp.gate_up_proj"), up: .part(of: "mlp.gate_up_proj")))
    let isOlder = keys.architecture.hasPrefix("Glm") && !keys.architecture.hasPrefix("Glm4")
    return DecoderModel(
      hiddenSize: parts.hidden, embedding: EmbeddingBlock(vocabSize: parts.vocabulary),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(parts.attention), feedForward: .gated(mlp), residual: isOlder ? .preNorm : .sandwich,
          norms: LayerNormNames(afterMixer: "post_self_attn_layernorm", afterFeedForward: "post_mlp_layernorm"))
      ],
      runs: [LayerRun(group: 0, layers: parts.layers)], norm: .rms, head: HeadBlock(isTied: parts.isTied),
      layerPrefix: "model.layers.")
  }
}
