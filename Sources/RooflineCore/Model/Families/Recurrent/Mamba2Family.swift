/// Mamba-2: layers of one norm and one state-space mixer, without attention and without an MLP.
enum Mamba2Family: ArchitectureFamily {
  static let modelTypes = ["mamba2"]
  static let architectures = ["Mamba2ForCausalLM"]
  // Initial values, numerics, and what `num_heads` times `head_dim` says.
  static let harmlessKeys: Set<String> = [
    "time_step_rank", "time_step_limit", "time_step_min", "time_step_max", "time_step_floor", "rms_norm",
    "fuse_cross_entropy", "residual_in_fp32", "use_mambapy",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    let heads = try keys.integer("num_heads", assumed: 128)
    let headDim = try keys.integer("head_dim", assumed: 64)
    let expand = try keys.integer("expand", assumed: 2)
    guard Count(heads) * Count(headDim) == Count(expand) * Count(hidden) else {
      throw keys.text.wrong(
        "num_heads", .integer(Int64(heads)), "expand × hidden_size / head_dim (\(expand) × \(hidden) / \(headDim))")
    }
    let groups = try keys.groups("n_groups", of: heads, assumed: 8)
    try keys.requireSiluState("hidden_act")
    let bias = try keys.flag("use_bias", assumed: false)
    let mixer = Mamba2Mixer(
      numHeads: heads, headDim: headDim, numGroups: groups,
      stateSize: try keys.integer("state_size", assumed: 128), taps: try keys.integer("conv_kernel", assumed: 4),
      chunk: try keys.integer("chunk_size", assumed: 256),
      hasConvolutionBias: try keys.flag("use_conv_bias", assumed: true), hasBias: bias)
    let layers = try keys.required("num_hidden_layers", "the number of layers")
    return DecoderModel(
      hiddenSize: hidden,
      embedding: EmbeddingBlock(
        vocabSize: try keys.required("vocab_size", "the number of tokens"), name: "backbone.embeddings"),
      groups: [
        LayerGroup(
          mixer: .mamba2(mixer), feedForward: nil, residual: .preNorm, norms: LayerNormNames(mixer: "norm"))
      ],
      runs: [LayerRun(group: 0, layers: layers)], norm: .rms,
      head: HeadBlock(isTied: try keys.tiesWordEmbeddings(assumed: false), normName: "backbone.norm_f"),
      layerPrefix: "backbone.layers.")
  }
}

extension ConfigurationKeys {
  /// Groups that share B and C: a divisor of the heads.
  mutating func groups(_ key: String, of heads: UInt64, assumed: UInt64) throws(InputError) -> UInt64 {
    let groups = try integer(key, assumed: assumed)
    guard heads.isMultiple(of: groups) else {
      throw text.wrong(key, .integer(Int64(groups)), "a divisor of the \(heads) heads of the state-space mixer")
    }
    return groups
  }

  /// The activation of a convolution in a recurrent mixer.
  mutating func requireSiluState(_ key: String) throws(InputError) {
    guard let value = value(key) else { return assume(key, "silu") }
    guard value == .string("silu") || value == .string("swish") else {
      throw .unsupportedKey(
        file: text.file, key: text.keyPath(key), value: value.summary,
        reason: "only silu is counted behind the convolution")
    }
  }
}
