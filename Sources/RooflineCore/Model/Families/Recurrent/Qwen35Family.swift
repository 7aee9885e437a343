/// Qwen3.5, 3.6 (text): three of four layers are gated delta nets, the others grouped-query attention with norms of queries and
/// keys, a gate on the output and rotary embedding of a share of each head; a gated silu MLP.
enum Qwen35Family: ArchitectureFamily {
  static let modelTypes = ["qwen3_5", "qwen3_5_text"]
  static let architectures = ["Qwen3_5ForConditionalGeneration", "Qwen3_5ForCausalLM"]
  static let checkpoints = CheckpointHabits(blockScaleBits: 16)
  // Turn angles; of draft layers that are not the text's; the MLP of all layers is dense.
  static let harmlessKeys = QwenHybridParts.harmlessKeys.union(["mlp_only_layers"])

  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart { .qwen(keys) }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let parts = try QwenHybridParts(&keys, joinsProjections: false)
    try keys.requireSilu()
    let mlp = FeedForward.gated(
      GatedMLP(intermediateSize: try keys.required("intermediate_size", "the width of the MLP")))
    return parts.model { _ in mlp }
  }

  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    try .qwenHybrid(&keys, model)
  }
}

/// What the hybrids of gated delta nets and attention read alike.
struct QwenHybridParts {
  let hidden, vocabulary: UInt64
  /// Of each layer, whether it is attention.
  let isFull: [Bool]
  let attention: GroupedQueryAttention
  let net: GatedDeltaNet
  let isTied: Bool
  /// Whether a vision tower stands beside the text, under whose names the text's tensors are its `language_model`.
  let isNested: Bool

  static let harmlessKeys: Set<String> = [
    "mrope_section", "mrope_interleaved", "mtp_num_hidden_layers", "mtp_use_dedicated_embeddings",
    "router_aux_loss_coef",
  ]

  /// - Parameter joinsProjections: whether the checkpoint joins the delta net's inputs into two tensors.
  init(_ keys: inout ConfigurationKeys, joinsProjections: Bool) throws(InputError) {
    hidden = try keys.required("hidden_size", "the width of the residual stream")
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let keyValueHeads = try keys.keyValueHeads(of: heads, mayOmit: false)
    let headDim = try keys.integer("head_dim", assumed: 256)
    let bias = try keys.flag("attention_bias", assumed: false)
    attention = GroupedQueryAttention(
      numHeads: heads, numKeyValueHeads: keyValueHeads, headDim: headDim, hasQueryKeyValueBias: bias,
      hasOutputBias: bias, hasQueryKeyNorm: true,
      rotaryDim: try keys.rotaryDim(of: headDim, keys: ["partial_rotary_factor"], assumed: 0.25),
      hasOutputGate: try keys.flag("attn_output_gate", assumed: true))
    let keyHeads = try keys.integer("linear_num_key_heads", assumed: 16)
    let valueHeads = try keys.integer("linear_num_value_heads", assumed: 32)
    guard valueHeads.isMultiple(of: keyHeads) else {
      throw keys.text.wrong(
        "linear_num_value_heads", .integer(Int64(valueHeads)), "a multiple of linear_num_key_heads (\(keyHeads))")
    }
    net = GatedDeltaNet(
      numKeyHeads: keyHeads, numValueHeads: valueHeads,
      keyDim: try keys.integer("linear_key_head_dim", assumed: 128),
      valueDim: try keys.integer("linear_value_head_dim", assumed: 128),
      taps: try keys.integer("linear_conv_kernel_dim", assumed: 4),
      stateDType: try keys.stateDType(["mamba_ssm_dtype"]), joinsProjections: joinsProjections)
    let layers = try keys.required("num_hidden_layers", "the number of layers")
    let interval = try keys.integer("full_attention_interval", assumed: 4)
    if let types = try keys.layerTypes(["linear_attention", "full_attention"], layers: layers) {
      isFull = types.map { $0 == "full_attention" }
    } else {
      try keys.requireListable(layers)
      isFull = (1...layers).map { $0.isMultiple(of: interval) }
    }
    vocabulary = try keys.required("vocab_size", "the number of tokens")
    isTied = try keys.tiesWordEmbeddings(assumed: false)
    isNested = keys.outer.path != keys.text.path
  }

  /// - Parameter feedForward: of each layer, by its number from 0.
  func model(_ feedForward: (Int) -> FeedForward) -> DecoderModel {
    let layers = isFull.enumerated().map { index, isFull in
      LayerGroup(
        name: isFull ? "full" : "linear", mixer: isFull ? .groupedQuery(attention) : .gatedDeltaNet(net),
        feedForward: feedForward(index), residual: .preNorm, norms: LayerNormNames())
    }
    return DecoderModel(
      hiddenSize: hidden,
      embedding: EmbeddingBlock(
        vocabSize: vocabulary, name: isNested ? "model.language_model.embed_tokens" : "model.embed_tokens"),
      layers: layers, norm: .rms,
      head: HeadBlock(isTied: isTied, normName: isNested ? "model.language_model.norm" : "model.norm"),
      layerPrefix: isNested ? "model.language_model.layers." : "model.layers.")
  }
}

extension ConfigurationKeys {
  /// The format of recurrent states: float32 unless one of several keys says otherwise.
  mutating func stateDType(_ names: [String]) throws(InputError) -> DType {
    for key in names {
      guard let name = try string(key) else { continue }
      switch name {
      case "float32", "torch.float32": return .fp32
      case "bfloat16", "torch.bfloat16": return .bf16
      case "float16", "torch.float16": return .fp16
      default: throw text.wrong(key, .string(name), "float32, bfloat16 or float16")
      }
    }
    assume(names[0], "float32", "\(architecture): states of recurrences")
    return .fp32
  }
}

extension DraftPart {
  /// A projection of both norms, a layer of attention with the model's feed-forward, a norm.
  static func qwenHybrid(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    let count = try keys.draftCount(["mtp_num_hidden_layers"])
    let hasOwnEmbedding = try keys.bool("mtp_use_dedicated_embeddings") ?? false
    guard count > 0 else { return .notStated }
    guard let layer = model.groups.last(where: { $0.mixer?.groupedQuery != nil }) else {
      return .none(reason: "the draft layer is one of attention, which no layer of the text part has")
    }
    guard count == 1 else {
      return .none(reason: "how \(count) draft layers (mtp_num_hidden_layers) share a projection is not known here")
    }
    return .modules(
      DraftModules(
        count: 1,
        decoder: model.draft(
          DraftEntry(
            .joined(.tensor("mtp.fc")), embeddingNorm: "mtp.pre_fc_norm_embedding",
            hiddenNorm: "mtp.pre_fc_norm_hidden"), layers: [layer], norm: "mtp.norm", prefix: "mtp.layers.",
          hasOwnEmbedding: hasOwnEmbedding)))
  }
}
