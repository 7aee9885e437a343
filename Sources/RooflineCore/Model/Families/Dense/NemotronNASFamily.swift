/// Models whose blocks a search has chosen (DeciLM, Nemotron-Super): each layer its own number of KV heads and its own width, or
/// no attention or no MLP at all. A block that is a no-op drops its norm and its addition.
enum NemotronNASFamily: ArchitectureFamily {
  static let modelTypes = ["nemotron-nas"]
  static let architectures = ["DeciLMForCausalLM"]
  // The blocks say what these would.
  static let harmlessKeys: Set<String> = ["intermediate_size", "num_key_value_heads"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    let headDim = try keys.requireEven(try keys.headDim(hidden: hidden, heads: heads))
    let attentionBias = try keys.flag("attention_bias", assumed: false)
    let mlpBias = try keys.flag("mlp_bias", assumed: false)
    try keys.requireSilu()
    try keys.requireWholeRotary()
    let layers = try keys.required("num_hidden_layers", "the number of layers")
    guard let blocks = try keys.objects("block_configs"), UInt64(blocks.count) == layers else {
      throw .missingKey(
        file: keys.text.file, key: keys.text.keyPath("block_configs"),
        expected: "a list with an object for each of the \(layers) layers")
    }
    var groups: [LayerGroup] = []
    for block in blocks {
      let attention = try block.block("attention")
      let feedForward = try block.block("ffn")
      var mixer: Mixer?
      if let attention {
        let group = try attention.require(
          try attention.positiveInteger("n_heads_in_group"), "n_heads_in_group", "query heads a KV head")
        guard heads.isMultiple(of: group) else {
          throw attention.wrong(
            "n_heads_in_group", .integer(Int64(group)), "a divisor of num_attention_heads (\(heads))")
        }
        mixer = .groupedQuery(
          GroupedQueryAttention(
            numHeads: heads, numKeyValueHeads: heads / group, headDim: headDim, hasQueryKeyValueBias: attentionBias,
            hasOutputBias: attentionBias, rotaryDim: headDim, window: try attention.positiveInteger("window_length")))
      }
      var mlp: FeedForward?
      if let feedForward {
        let multiple = try feedForward.require(
          try feedForward.positiveNumber("ffn_mult"), "ffn_mult", "the MLP's width as a multiple of hidden_size")
        mlp = .gated(
          GatedMLP(
            intermediateSize: try intermediateSize(multiple, hidden: hidden, feedForward), hasBias: mlpBias))
      }
      groups.append(
        LayerGroup(
          name: name(mixer, mlp), mixer: mixer, feedForward: mlp, residual: .preNorm, norms: LayerNormNames()))
    }
    return DecoderModel(
      hiddenSize: hidden,
      embedding: EmbeddingBlock(vocabSize: try keys.required("vocab_size", "the number of tokens")), layers: groups,
      norm: .rms, head: HeadBlock(isTied: try keys.tiesWordEmbeddings(assumed: false)), layerPrefix: "model.layers.")
  }

  /// ⌊2·multiple·H/3⌋, rounded up to a multiple of 256.
  private static func intermediateSize(
    _ multiple: Double, hidden: UInt64, _ block: JSONObject
  ) throws(InputError) -> UInt64 {
    let width = (2 * multiple * Double(hidden) / 3).rounded(.down)
    guard width >= 1, width < 1e12 else {
      throw block.wrong("ffn_mult", .number(multiple), "a multiple of hidden_size that models have")
    }
    return (UInt64(width) + 255) / 256 * 256
  }

  private static func name(_ mixer: Mixer?, _ feedForward: FeedForward?) -> StaticText {
    switch (mixer, feedForward) {
    case (nil, nil): "no-op"
    case (nil, _): "MLP only"
    case (_, nil): "attention only"
    case (_, _): "full"
    }
  }
}

extension JSONObject {
  /// A searched block; nil where it is a no-op. A kind of block that is not counted is refused by its key.
  fileprivate func block(_ key: String) throws(InputError) -> JSONObject? {
    let block = try require(try object(key), key, "an object with no_op")
    for other in ["replace_with_linear", "sparsify", "num_sink_tokens", "unshifted_sink"] {
      guard let value = block[other], KnownKeys.isActive(value) else { continue }
      throw .unsupportedKey(
        file: file, key: block.keyPath(other), value: value.summary, reason: "only plain and no-op blocks are counted")
    }
    return try block.bool("no_op") == true ? nil : block
  }
}
