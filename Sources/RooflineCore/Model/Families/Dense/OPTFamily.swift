/// OPT: LayerNorm, learned positions, a two-matrix MLP, biases everywhere or nowhere.
enum OPTFamily: ArchitectureFamily {
  static let modelTypes = ["opt"]
  static let architectures = ["OPTForCausalLM"]
  // Its own key rules.
  static let harmlessKeys: Set<String> = ["hidden_act"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    try keys.requireOneKeyValueHeadAQueryHead()
    try keys.require(
      "word_embed_proj_dim", .integer(Int64(hidden)),
      "projections between embeddings and layers of another width are not counted")
    try keys.require("do_layer_norm_before", .bool(true), "norms behind attention and MLP are not counted")
    try keys.require("layer_norm_elementwise_affine", .bool(true), "norms without weights are not counted")
    let headDim = try keys.sharedHeadDim(hidden: hidden, heads: heads)
    let isTied = try keys.tiesWordEmbeddings(assumed: true)
    let bias = try keys.flag("enable_bias", assumed: true)
    // OPTLearnedPositionalEmbedding keeps two rows before the first position.
    let (rows, isOverflow) = try keys.required("max_position_embeddings", "the number of learned positions")
      .addingReportingOverflow(2)
    guard !isOverflow, rows <= Count.limit else { throw .overflow(what: "max_position_embeddings") }
    return .opt(
      hiddenSize: hidden, intermediateSize: try keys.required("ffn_dim", "the width of the MLP"),
      numHiddenLayers: try keys.required("num_hidden_layers", "the number of layers"), numAttentionHeads: heads,
      headDim: headDim, vocabSize: try keys.required("vocab_size", "the number of tokens"), positions: rows,
      activation: try keys.plainActivation("activation_function", assumed: .relu), hasBias: bias,
      isTied: isTied)
  }
}

extension DecoderModel {
  /// A decoder whose layers are all OPT's.
  ///
  /// - Parameter positions: rows of the table of learned positions.
  package static func opt(
    hiddenSize: UInt64, intermediateSize: UInt64, numHiddenLayers: UInt64, numAttentionHeads: UInt64,
    numKeyValueHeads: UInt64? = nil, headDim: UInt64, vocabSize: UInt64, positions: UInt64,
    activation: TwoMatrixMLP.Activation, hasBias: Bool, isTied: Bool
  ) -> DecoderModel {
    let attention = GroupedQueryAttention(
      numHeads: numAttentionHeads, numKeyValueHeads: numKeyValueHeads ?? numAttentionHeads, headDim: headDim,
      hasQueryKeyValueBias: hasBias, hasOutputBias: hasBias, rotaryDim: nil,
      names: .init(output: .tensor("self_attn.out_proj")))
    let mlp = TwoMatrixMLP(
      intermediateSize: intermediateSize, activation: activation, hasBias: hasBias, up: .tensor("fc1"),
      down: .tensor("fc2"))
    return DecoderModel(
      hiddenSize: hiddenSize,
      embedding: EmbeddingBlock(
        vocabSize: vocabSize, name: "model.decoder.embed_tokens",
        positions: .init(rows: positions, name: "model.decoder.embed_positions")),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(attention), feedForward: .twoMatrix(mlp), residual: .preNorm,
          norms: LayerNormNames(mixer: "self_attn_layer_norm", feedForward: "final_layer_norm"))
      ],
      runs: [LayerRun(group: 0, layers: numHiddenLayers)], norm: .layer,
      head: HeadBlock(isTied: isTied, normName: "model.decoder.final_layer_norm"), layerPrefix: "model.decoder.layers.")
  }
}

extension ConfigurationKeys {
  /// A key that, where it is stated, must have one value.
  mutating func require(_ key: String, _ wanted: JSONValue, _ reason: String) throws(InputError) {
    guard let value = value(key), value != wanted else { return }
    throw .unsupportedKey(file: text.file, key: text.keyPath(key), value: value.summary, reason: reason)
  }

  /// The class has one KV head a query head, and no key for another number.
  mutating func requireOneKeyValueHeadAQueryHead() throws(InputError) {
    let heads = try required("num_attention_heads", "the number of query heads")
    for key in ["num_key_value_heads", "num_kv_heads"] {
      try require(key, .integer(Int64(heads)), "\(architecture) has one KV head per query head")
    }
    _ = try keyValueHeads(of: heads, mayOmit: true)
  }

  /// hidden_size shared among the heads, which a `head_dim` may repeat.
  mutating func sharedHeadDim(hidden: UInt64, heads: UInt64) throws(InputError) -> UInt64 {
    guard let stated = try integer("head_dim") else { return try headDim(hidden: hidden, heads: heads) }
    guard stated.multipliedReportingOverflow(by: heads) == (hidden, false) else {
      throw .unsupportedKey(
        file: text.file, key: text.keyPath("head_dim"), value: String(stated),
        reason: "\(architecture)'s heads share hidden_size among themselves")
    }
    return stated
  }

  /// Two-matrix MLPs have gelu, counted in its tanh form whichever way it is computed, or relu.
  mutating func plainActivation(
    _ key: String, assumed: TwoMatrixMLP.Activation
  ) throws(InputError) -> TwoMatrixMLP.Activation {
    guard let value = value(key) else {
      assume(key, assumed.rawValue)
      return assumed
    }
    if value == .string("relu") { return .relu }
    guard ["gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh"].contains(where: { value == .string($0) }) else {
      throw .unsupportedKey(
        file: text.file, key: text.keyPath(key), value: value.summary,
        reason: "of two-matrix MLPs only those with relu or gelu are counted")
    }
    return .gelu
  }
}
