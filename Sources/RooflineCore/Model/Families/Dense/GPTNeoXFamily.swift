/// GPT-NeoX and Pythia: LayerNorm, rotary embedding of a share of each head, a two-matrix MLP beside the attention, q, k and v in
/// one tensor.
enum GPTNeoXFamily: ArchitectureFamily {
  static let modelTypes = ["gpt_neox"]
  static let architectures = ["GPTNeoXForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    try keys.requireOneKeyValueHeadAQueryHead()
    let headDim = try keys.sharedHeadDim(hidden: hidden, heads: heads)
    let activation = try keys.plainActivation("hidden_act", assumed: .gelu)
    return .gptNeoX(
      hiddenSize: hidden, intermediateSize: try keys.required("intermediate_size", "the width of the MLP"),
      numHiddenLayers: try keys.required("num_hidden_layers", "the number of layers"), numAttentionHeads: heads,
      headDim: headDim, vocabSize: try keys.required("vocab_size", "the number of tokens"),
      rotaryDim: try keys.rotaryDim(of: headDim, keys: ["rotary_pct", "partial_rotary_factor"], assumed: 0.25),
      activation: activation, isParallel: try keys.flag("use_parallel_residual", assumed: true),
      hasAttentionBias: try keys.flag("attention_bias", assumed: true),
      isTied: try keys.tiesWordEmbeddings(assumed: false))
  }
}

extension DecoderModel {
  /// A decoder whose layers are all GPT-NeoX's.
  package static func gptNeoX(
    hiddenSize: UInt64, intermediateSize: UInt64, numHiddenLayers: UInt64, numAttentionHeads: UInt64,
    numKeyValueHeads: UInt64? = nil, headDim: UInt64, vocabSize: UInt64, rotaryDim: UInt64,
    activation: TwoMatrixMLP.Activation, isParallel: Bool, hasAttentionBias: Bool, hasMLPBias: Bool = true,
    isTied: Bool
  ) -> DecoderModel {
    let attention = GroupedQueryAttention(
      numHeads: numAttentionHeads, numKeyValueHeads: numKeyValueHeads ?? numAttentionHeads, headDim: headDim,
      hasQueryKeyValueBias: hasAttentionBias, hasOutputBias: hasAttentionBias, rotaryDim: rotaryDim,
      names: .joined("attention.query_key_value", output: "attention.dense"))
    let mlp = TwoMatrixMLP(
      intermediateSize: intermediateSize, activation: activation, hasBias: hasMLPBias,
      up: .tensor("mlp.dense_h_to_4h"), down: .tensor("mlp.dense_4h_to_h"))
    return DecoderModel(
      hiddenSize: hiddenSize, embedding: EmbeddingBlock(vocabSize: vocabSize, name: "gpt_neox.embed_in"),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(attention), feedForward: .twoMatrix(mlp), residual: isParallel ? .parallel : .preNorm,
          norms: LayerNormNames())
      ],
      runs: [LayerRun(group: 0, layers: numHiddenLayers)], norm: .layer,
      head: HeadBlock(isTied: isTied, name: "embed_out", normName: "gpt_neox.final_layer_norm"),
      layerPrefix: "gpt_neox.layers.")
  }
}
