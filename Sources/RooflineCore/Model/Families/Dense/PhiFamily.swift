/// Phi-1 to Phi-2: LayerNorm, attention and MLP side by side behind one norm, rotary embedding of a share of each head, a two-matrix MLP, biases
/// everywhere, the head's too.
enum PhiFamily: ArchitectureFamily {
  static let modelTypes = ["phi"]
  static let architectures = ["PhiForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, mayOmitKeyValueHeads: true, checksActivation: false, turnsWholeHeads: false)
    try keys.require("qk_layernorm", .bool(false), "norms of queries and keys are not counted for this architecture")
    parts.attention.hasQueryKeyValueBias = true
    parts.attention.hasOutputBias = true
    parts.attention.names = .init(output: .tensor("self_attn.dense"))
    parts.attention.rotaryDim = try keys.rotaryDim(
      of: parts.attention.headDim, keys: ["partial_rotary_factor"], assumed: 0.5)
    let mlp = TwoMatrixMLP(
      intermediateSize: parts.intermediate, activation: try keys.plainActivation("hidden_act", assumed: .gelu),
      hasBias: true, up: .tensor("mlp.fc1"), down: .tensor("mlp.fc2"))
    var head = HeadBlock(isTied: parts.isTied, normName: "model.final_layernorm")
    head.hasBias = true
    return DecoderModel(
      hiddenSize: parts.hidden, embedding: EmbeddingBlock(vocabSize: parts.vocabulary),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(parts.attention), feedForward: .twoMatrix(mlp), residual: .parallelWithOneNorm,
          norms: LayerNormNames())
      ],
      runs: [LayerRun(group: 0, layers: parts.layers)], norm: .layer, head: head, layerPrefix: "model.layers.")
  }
}
