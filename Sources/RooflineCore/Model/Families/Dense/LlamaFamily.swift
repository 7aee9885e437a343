/// Llama: RMSNorm, rotary embedding of whole heads, grouped-query attention, gated silu MLP; biases where the file says so.
enum LlamaFamily: ArchitectureFamily {
  static let modelTypes = ["llama"]
  static let architectures = ["LlamaForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, mayOmitKeyValueHeads: true)
    try parts.readBias(&keys)
    let mlpBias = try keys.flag("mlp_bias", assumed: false)
    return parts.model(mlp: .gated(GatedMLP(intermediateSize: parts.intermediate, hasBias: mlpBias)))
  }
}

/// What dense decoders with RMSNorm, rotary embedding and a gated MLP read alike.
struct DenseParts {
  let hidden, intermediate, layers, vocabulary: UInt64
  var attention: GroupedQueryAttention
  let isTied: Bool

  /// - Parameter defaultHeadDim: what the class assumes; nil: hidden_size / num_attention_heads.
  init(
    _ keys: inout ConfigurationKeys, mayOmitKeyValueHeads: Bool = false, defaultHeadDim: UInt64? = nil,
    ties: Bool = false, checksActivation: Bool = true, turnsWholeHeads: Bool = true,
    widthKey: String = "intermediate_size", keyValueHeadsKey: String = "num_key_value_heads"
  ) throws(InputError) {
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    hidden = try keys.required("hidden_size", "the width of the residual stream")
    let keyValueHeads = try keys.keyValueHeads(of: heads, mayOmit: mayOmitKeyValueHeads, key: keyValueHeadsKey)
    let headDim: UInt64
    if let defaultHeadDim {
      headDim = try keys.requireEven(try keys.integer("head_dim", assumed: defaultHeadDim))
    } else {
      headDim = try keys.requireEven(try keys.headDim(hidden: hidden, heads: heads))
    }
    if checksActivation { try keys.requireSilu() }
    if turnsWholeHeads { try keys.requireWholeRotary() }
    attention = GroupedQueryAttention(
      numHeads: heads, numKeyValueHeads: keyValueHeads, headDim: headDim, rotaryDim: headDim)
    intermediate = try keys.required(widthKey, "the width of the MLP")
    layers = try keys.required("num_hidden_layers", "the number of layers")
    vocabulary = try keys.required("vocab_size", "the number of tokens")
    isTied = try keys.tiesWordEmbeddings(assumed: ties)
  }

  /// Biases of all four projections, where a flag says so.
  ///
  /// - Returns: the flag.
  @discardableResult
  mutating func readBias(
    _ keys: inout ConfigurationKeys, key: String = "attention_bias", assumed: Bool = false
  ) throws(InputError) -> Bool {
    let bias = try keys.flag(key, assumed: assumed)
    attention.hasQueryKeyValueBias = bias
    attention.hasOutputBias = bias
    return bias
  }

  /// Equal layers, or layers of several kinds that a list tells apart.
  func model(mlp: FeedForward, kinds: LayerKinds? = nil) -> DecoderModel {
    func group(_ name: StaticText, window: UInt64?) -> LayerGroup {
      var mixer = attention
      mixer.window = window
      return LayerGroup(
        name: name, mixer: .groupedQuery(mixer), feedForward: mlp, residual: .preNorm, norms: LayerNormNames())
    }
    let embedding = EmbeddingBlock(vocabSize: vocabulary)
    let head = HeadBlock(isTied: isTied)
    guard let kinds, kinds.differ else {
      return DecoderModel(
        hiddenSize: hidden, embedding: embedding,
        groups: [group("", window: kinds?.isWindowed.first == true ? kinds?.window : attention.window)],
        runs: [LayerRun(group: 0, layers: layers)], norm: .rms, head: head, layerPrefix: "model.layers.")
    }
    return DecoderModel(
      hiddenSize: hidden, embedding: embedding,
      layers: kinds.isWindowed.map { group($0 ? "sliding" : "full", window: $0 ? kinds.window : nil) }, norm: .rms,
      head: head, layerPrefix: "model.layers.")
  }
}

/// Which layers of a model see a window, and how wide it is.
struct LayerKinds {
  let window: UInt64
  let isWindowed: [Bool]

  var differ: Bool { Set(isWindowed).count > 1 }
}

extension DecoderModel {
  /// A decoder whose layers are all Llama's: RMSNorm, rotary embedding of whole heads, gated silu MLP.
  package init(
    hiddenSize: UInt64, intermediateSize: UInt64, numHiddenLayers: UInt64, numAttentionHeads: UInt64,
    numKeyValueHeads: UInt64, headDim: UInt64, vocabSize: UInt64, tieWordEmbeddings: Bool = false,
    hasQueryKeyValueBias: Bool = false, hasOutputBias: Bool = false, hasMLPBias: Bool = false
  ) {
    let layer = LayerGroup(
      mixer: .groupedQuery(
        GroupedQueryAttention(
          numHeads: numAttentionHeads, numKeyValueHeads: numKeyValueHeads, headDim: headDim,
          hasQueryKeyValueBias: hasQueryKeyValueBias, hasOutputBias: hasOutputBias, rotaryDim: headDim)),
      feedForward: .gated(GatedMLP(intermediateSize: intermediateSize, hasBias: hasMLPBias)), residual: .preNorm,
      norms: LayerNormNames())
    self.init(
      hiddenSize: hiddenSize, embedding: EmbeddingBlock(vocabSize: vocabSize), groups: [layer],
      runs: [LayerRun(group: 0, layers: numHiddenLayers)], norm: .rms, head: HeadBlock(isTied: tieWordEmbeddings),
      layerPrefix: "model.layers.")
  }
}
