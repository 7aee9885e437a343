/// Gemma-2: four norms a layer, gelu in its gated MLP, windows in every other layer, soft caps on scores and logits, an embedding
/// that is scaled and tied.
enum Gemma2Family: ArchitectureFamily {
  static let modelTypes = ["gemma2"]
  static let architectures = ["Gemma2ForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try GemmaParts(&keys)
    parts.attention.capsScores = try keys.cap("attn_logit_softcapping", assumed: 50)
    let capsLogits = try keys.cap("final_logit_softcapping", assumed: 30)
    // The first layer and every second one after it: transformers' `layer_types` where the file lists none.
    let isWindowed = try keys.gemmaWindows(layers: parts.layers) { $0.isMultiple(of: 2) }
    return parts.model(isWindowed, window: try keys.integer("sliding_window", assumed: 4096), capsLogits: capsLogits)
  }
}

/// What Gemma, Gemma-2 and Gemma-3 read alike.
struct GemmaParts {
  let hidden, layers: UInt64
  var attention: GroupedQueryAttention
  let mlp: GatedMLP
  let vocabulary: UInt64
  let isTied: Bool

  init(_ keys: inout ConfigurationKeys) throws(InputError) {
    hidden = try keys.required("hidden_size", "the width of the residual stream")
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let keyValueHeads = try keys.keyValueHeads(of: heads, mayOmit: false)
    let headDim = try keys.requireEven(try keys.integer("head_dim", assumed: 256))
    let bias = try keys.flag("attention_bias", assumed: false)
    attention = GroupedQueryAttention(
      numHeads: heads, numKeyValueHeads: keyValueHeads, headDim: headDim, hasQueryKeyValueBias: bias,
      hasOutputBias: bias, rotaryDim: headDim)
    try keys.requireGelu()
    try keys.requireWholeRotary()
    mlp = GatedMLP(
      intermediateSize: try keys.required("intermediate_size", "the width of the MLP"), activation: .gelu)
    layers = try keys.required("num_hidden_layers", "the number of layers")
    vocabulary = try keys.required("vocab_size", "the number of tokens")
    isTied = try keys.tiesWordEmbeddings(assumed: true)
  }

  func model(_ isWindowed: [Bool], window: UInt64, capsLogits: Bool) -> DecoderModel {
    let layers = isWindowed.map { isWindowed in
      var mixer = attention
      mixer.window = isWindowed ? window : nil
      return LayerGroup(
        name: isWindowed ? "sliding" : "full", mixer: .groupedQuery(mixer), feedForward: .gated(mlp),
        residual: .sandwich,
        norms: LayerNormNames(
          feedForward: "pre_feedforward_layernorm", afterMixer: "post_attention_layernorm",
          afterFeedForward: "post_feedforward_layernorm"))
    }
    return DecoderModel(
      hiddenSize: hidden, embedding: EmbeddingBlock(vocabSize: vocabulary, isScaled: true), layers: layers, norm: .rms,
      head: HeadBlock(isTied: isTied, capsLogits: capsLogits), layerPrefix: "model.layers.")
  }
}

extension ConfigurationKeys {
  /// Whether a soft cap is in force: a number, null for none, the class's own where the file does not say.
  fileprivate mutating func cap(_ key: String, assumed: Double) throws(InputError) -> Bool {
    guard isStated(key) else {
      assume(key, "\(assumed)")
      return true
    }
    return try number(key) != nil
  }

  /// Which layers see a window: those of `layer_types`, else those of the class's pattern.
  mutating func gemmaWindows(
    layers: UInt64, pattern: (UInt64) -> Bool
  ) throws(InputError) -> [Bool] {
    if let types = try layerTypes(["full_attention", "sliding_attention"], layers: layers) {
      return types.map { $0 == "sliding_attention" }
    }
    try requireListable(layers)
    return (0..<layers).map(pattern)
  }

  mutating func requireGelu() throws(InputError) {
    var isStated = false
    for key in ["hidden_activation", "hidden_act"] {
      guard let value = value(key) else { continue }
      isStated = true
      guard value == .string("gelu_pytorch_tanh") || value == .string("gelu") else {
        throw text.wrong(key, value, "\"gelu_pytorch_tanh\"")
      }
    }
    if !isStated { assume("hidden_activation", "gelu_pytorch_tanh") }
  }
}
