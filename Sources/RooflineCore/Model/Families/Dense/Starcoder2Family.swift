/// StarCoder2: LayerNorm, rotary embedding, grouped-query attention with a window where the file has a number, a two-matrix MLP, biases
/// everywhere.
enum Starcoder2Family: ArchitectureFamily {
  static let modelTypes = ["starcoder2"]
  static let architectures = ["Starcoder2ForCausalLM"]
  // Of training.
  static let harmlessKeys: Set<String> = ["embedding_dropout", "residual_dropout", "norm_epsilon"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, ties: true, checksActivation: false)
    let bias = try parts.readBias(&keys, key: "use_bias", assumed: true)
    parts.attention.window = try keys.integer("sliding_window")
    let mlp = TwoMatrixMLP(
      intermediateSize: parts.intermediate, activation: try keys.plainActivation("hidden_act", assumed: .gelu),
      hasBias: bias, up: .tensor("mlp.c_fc"), down: .tensor("mlp.c_proj"))
    return DecoderModel(
      hiddenSize: parts.hidden, embedding: EmbeddingBlock(vocabSize: parts.vocabulary),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(parts.attention), feedForward: .twoMatrix(mlp), residual: .preNorm,
          norms: LayerNormNames())
      ],
      runs: [LayerRun(group: 0, layers: parts.layers)], norm: .layer, head: HeadBlock(isTied: parts.isTied),
      layerPrefix: "model.layers.")
  }
}
