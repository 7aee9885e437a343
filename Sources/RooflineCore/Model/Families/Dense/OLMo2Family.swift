/// OLMo-2: norms behind attention and MLP and none in front, norms over the whole width of queries and of keys.
enum OLMo2Family: ArchitectureFamily {
  static let modelTypes = ["olmo2"]
  static let architectures = ["Olmo2ForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let parts = try DenseParts(olmo: &keys)
    try keys.requireListable(parts.layers)
    return parts.postNormModel((0..<parts.layers).map { _ in nil })
  }
}

/// OLMo-3: the same with a window in three of four layers.
enum OLMo3Family: ArchitectureFamily {
  static let modelTypes = ["olmo3"]
  static let architectures = ["Olmo3ForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let parts = try DenseParts(olmo: &keys)
    let window = try keys.integer("sliding_window", assumed: 4096)
    let isWindowed = try keys.gemmaWindows(layers: parts.layers) { !($0 + 1).isMultiple(of: 4) }
    return parts.postNormModel(isWindowed.map { $0 ? window : nil })
  }
}

extension DenseParts {
  /// What both read alike.
  fileprivate init(olmo keys: inout ConfigurationKeys) throws(InputError) {
    try self.init(&keys, mayOmitKeyValueHeads: true)
    try readBias(&keys)
    attention.hasQueryKeyNorm = true
    attention.normForm = .wholeWidth
  }
}

extension DenseParts {
  /// Layers whose norms stand behind attention and MLP, each with its window.
  func postNormModel(_ windows: [UInt64?], turnsAll: Bool = true) -> DecoderModel {
    let areMixed = Set(windows).count > 1
    return DecoderModel(
      hiddenSize: hidden, embedding: EmbeddingBlock(vocabSize: vocabulary),
      layers: windows.map { window in
        var mixer = attention
        mixer.window = window
        if !turnsAll, areMixed, window == nil { mixer.rotaryDim = nil }
        return LayerGroup(
          name: areMixed ? window == nil ? "full" : "sliding" : "", mixer: .groupedQuery(mixer),
          feedForward: .gated(GatedMLP(intermediateSize: intermediate)), residual: .postNorm,
          norms: LayerNormNames(
            afterMixer: "post_attention_layernorm", afterFeedForward: "post_feedforward_layernorm"))
      }, norm: .rms, head: HeadBlock(isTied: isTied), layerPrefix: "model.layers.")
  }
}
