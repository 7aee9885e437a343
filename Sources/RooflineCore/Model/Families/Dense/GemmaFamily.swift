/// Gemma, the first: Llama's layers with gelu in the gated MLP, and an embedding that is scaled and tied.
enum GemmaFamily: ArchitectureFamily {
  static let modelTypes = ["gemma"]
  static let architectures = ["GemmaForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    try GemmaParts(&keys).plainModel()
  }
}

extension GemmaParts {
  /// Equal layers with two norms.
  fileprivate func plainModel() -> DecoderModel {
    DecoderModel(
      hiddenSize: hidden, embedding: EmbeddingBlock(vocabSize: vocabulary, isScaled: true),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(attention), feedForward: .gated(mlp), residual: .preNorm, norms: LayerNormNames())
      ],
      runs: [LayerRun(group: 0, layers: layers)], norm: .rms, head: HeadBlock(isTied: isTied),
      layerPrefix: "model.layers.")
  }
}
