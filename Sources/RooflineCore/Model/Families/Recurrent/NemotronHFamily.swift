/// Nemotron-H and Nemotron-3: blocks of one norm and one part each, by a pattern: M Mamba-2, * attention without positions, - an MLP
/// of two matrices with relu² between them, E routed experts of the same form, where the file says so in a narrower stream.
enum NemotronHFamily: ArchitectureFamily {
  static let modelTypes = ["nemotron_h"]
  static let architectures = ["NemotronHForCausalLM"]
  // The pattern says which kinds of blocks there are, and what the others are is not asked; the inner width is heads times head
  // width, and there is no rotary embedding, whatever the file says of them; initial values and numerics.
  static let harmlessKeys: Set<String> = [
    "intermediate_size", "mlp_hidden_act", "num_attention_heads", "num_key_value_heads", "head_dim",
    "attention_head_dim", "mamba_num_heads", "mamba_head_dim", "n_groups", "ssm_state_size", "conv_kernel",
    "chunk_size", "use_conv_bias", "use_bias", "mamba_proj_bias", "mamba_hidden_act", "mamba_ssm_cache_dtype",
    "attention_bias", "mlp_bias", "n_routed_experts", "num_experts_per_tok", "n_shared_experts",
    "moe_intermediate_size", "moe_shared_expert_intermediate_size", "moe_latent_size", "norm_topk_prob",
    "routed_scaling_factor", "n_group", "topk_group", "expand", "rope_theta", "partial_rotary_factor",
    "sliding_window", "time_step_rank", "time_step_limit", "time_step_min", "time_step_max", "time_step_floor",
    "rms_norm_eps", "norm_eps", "use_mamba_kernels", "is_mamba2", "moe_shared_expert_overlap",
    "mtp_hybrid_override_pattern", "mtp_layers_block_type", "num_nextn_predict_layers",
  ]

  /// What a block is.
  enum Kind: String, CaseIterable {
    case mamba = "M"
    case attention = "*"
    case mlp = "-"
    case experts = "E"

    /// In `layers_block_type`.
    var word: String {
      switch self {
      case .mamba: "mamba"
      case .attention: "attention"
      case .mlp: "mlp"
      case .experts: "moe"
      }
    }
  }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    let kinds = try keys.nemotronBlocks(
      words: "layers_block_type", letters: "hybrid_override_pattern", isOptional: false)
    var blocks: [Kind: LayerGroup] = [:]
    for kind in Kind.allCases where kinds.contains(kind) { blocks[kind] = try block(kind, &keys) }
    return DecoderModel(
      hiddenSize: hidden,
      embedding: EmbeddingBlock(
        vocabSize: try keys.required("vocab_size", "the number of tokens"), name: "backbone.embeddings"),
      layers: kinds.compactMap { blocks[$0] }, norm: .rms,
      head: HeadBlock(isTied: try keys.tiesWordEmbeddings(assumed: false), normName: "backbone.norm_f"),
      layerPrefix: "backbone.layers.")
  }

  private static func block(_ kind: Kind, _ keys: inout ConfigurationKeys) throws(InputError) -> LayerGroup {
    func block(_ name: StaticText, _ mixer: Mixer?, _ feedForward: FeedForward?) -> LayerGroup {
      LayerGroup(
        name: name, mixer: mixer, feedForward: feedForward, residual: .preNorm,
        norms: LayerNormNames(mixer: "norm", feedForward: "norm"))
    }
    return switch kind {
    case .mamba: block("mamba", .mamba2(try mamba(&keys)), nil)
    case .attention: block("attention", .groupedQuery(try attention(&keys)), nil)
    case .mlp: block("MLP", nil, .twoMatrix(try mlp(&keys)))
    case .experts: block("experts", nil, try experts(&keys))
    }
  }

  /// A projection of both norms, blocks by a pattern of their own, a norm.
  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    let kinds = try keys.nemotronBlocks(
      words: "mtp_layers_block_type", letters: "mtp_hybrid_override_pattern", isOptional: true)
    let count = try keys.isStated("num_nextn_predict_layers") ? keys.draftCount(["num_nextn_predict_layers"]) : 1
    guard count > 0, !kinds.isEmpty else {
      return count > 0 ? .uncounted(keys) : .notStated
    }
    var layers: [LayerGroup] = []
    for kind in kinds { layers.append(try block(kind, &keys)) }
    return .modules(
      DraftModules(
        count: count,
        decoder: model.draft(
          DraftEntry(
            .joined(.tensor("mtp.layers.0.eh_proj")), embeddingNorm: "mtp.layers.0.enorm",
            hiddenNorm: "mtp.layers.0.hnorm"), layers: layers, norm: "mtp.final_layernorm", prefix: "mtp.layers.")))
  }

  private static func mamba(_ keys: inout ConfigurationKeys) throws(InputError) -> Mamba2Mixer {
    let heads = try keys.required("mamba_num_heads", "the number of Mamba-2 heads")
    try keys.requireSiluState("mamba_hidden_act")
    let bias = try keys.flag("mamba_proj_bias", assumed: false)
    let general = try keys.flag("use_bias", assumed: bias)
    return Mamba2Mixer(
      numHeads: heads, headDim: try keys.required("mamba_head_dim", "the width of a Mamba-2 head"),
      numGroups: try keys.groups("n_groups", of: heads, assumed: 8),
      stateSize: try keys.required("ssm_state_size", "the state of a channel"),
      taps: try keys.integer("conv_kernel", assumed: 4), chunk: try keys.integer("chunk_size", assumed: 128),
      hasConvolutionBias: try keys.flag("use_conv_bias", assumed: true), hasBias: bias || general,
      stateDType: try keys.stateDType(["mamba_ssm_cache_dtype"]))
  }

  private static func attention(_ keys: inout ConfigurationKeys) throws(InputError) -> GroupedQueryAttention {
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let keyValueHeads = try keys.keyValueHeads(of: heads, mayOmit: false)
    var headDim = try keys.integer("head_dim")
    if headDim == nil { headDim = try keys.integer("attention_head_dim") }
    let bias = try keys.flag("attention_bias", assumed: false)
    return GroupedQueryAttention(
      numHeads: heads, numKeyValueHeads: keyValueHeads,
      headDim: try keys.text.require(headDim, "head_dim", "the width of an attention head, a whole number"),
      hasQueryKeyValueBias: bias, hasOutputBias: bias, rotaryDim: nil,
      names: .init(
        query: .tensor("mixer.q_proj"), key: .tensor("mixer.k_proj"), value: .tensor("mixer.v_proj"),
        output: .tensor("mixer.o_proj")))
  }

  private static func mlp(_ keys: inout ConfigurationKeys) throws(InputError) -> TwoMatrixMLP {
    try keys.requireSquaredRelu()
    return TwoMatrixMLP(
      intermediateSize: try keys.required("intermediate_size", "the width of the MLP"), activation: .squaredRelu,
      hasBias: try keys.flag("mlp_bias", assumed: false), up: .tensor("mixer.up_proj"),
      down: .tensor("mixer.down_proj"))
  }
}

extension NemotronHFamily {
  private static func experts(_ keys: inout ConfigurationKeys) throws(InputError) -> FeedForward {
    try keys.requireSquaredRelu()
    let (experts, chosen) = try keys.experts("n_routed_experts", chosen: "num_experts_per_tok")
    let shared = try keys.count("moe_shared_expert_intermediate_size", assumed: 7_688)
    // The shared experts are one MLP of that width, however many.
    _ = try keys.integer("n_shared_experts")
    let latent = try keys.integer("moe_latent_size").map {
      RoutedExperts.Latent(size: $0, down: .tensor("mixer.fc1_latent_proj"), up: .tensor("mixer.fc2_latent_proj"))
    }
    return .routed(
      RoutedExperts(
        experts: experts, chosen: chosen,
        width: try keys.required("moe_intermediate_size", "the width of an expert"), form: .twoMatrix(.squaredRelu),
        router: .init(
          scoring: .sigmoid, correction: "mixer.gate.e_score_correction_bias",
          renormalises: try keys.flag("norm_topk_prob", assumed: true),
          scales: try keys.isScaling("routed_scaling_factor", assumed: 1), name: .tensor("mixer.gate")),
        shared: shared == 0
          ? nil
          : .init(
            width: shared,
            names: .init(
              gate: .none, up: .tensor("mixer.shared_experts.up_proj"),
              down: .tensor("mixer.shared_experts.down_proj"))), latent: latent,
        names: .init(first: .tensor("mixer.experts.M.up_proj"), down: .tensor("mixer.experts.M.down_proj"))))
  }
}

extension ConfigurationKeys {
  mutating func requireSquaredRelu() throws(InputError) {
    guard let value = value("mlp_hidden_act") else { return assume("mlp_hidden_act", "relu2") }
    guard value == .string("relu2") else {
      throw .unsupportedKey(
        file: text.file, key: text.keyPath("mlp_hidden_act"), value: value.summary,
        reason: "only relu2 is counted between the MLP's two matrices")
    }
  }

  /// What each block is: a list of words, else letters; as many as `num_hidden_layers` where the file says that, too.
  ///
  /// - Parameter isOptional: nothing need be stated, and other blocks are counted elsewhere.
  fileprivate mutating func nemotronBlocks(
    words wordsKey: String, letters lettersKey: String, isOptional: Bool
  ) throws(InputError) -> [NemotronHFamily.Kind] {
    let known = NemotronHFamily.Kind.allCases
    let kinds: [NemotronHFamily.Kind]
    let key: String
    if let words = try strings(wordsKey) {
      key = wordsKey
      _ = value(lettersKey)
      kinds = try words.map { word throws(InputError) in
        guard let kind = known.first(where: { $0.word == word }) else {
          throw text.wrong(key, .string(word), known.map(\.word).joined(separator: ", "))
        }
        return kind
      }
    } else {
      key = lettersKey
      let stated = try string(key)
      if isOptional, stated == nil { return [] }
      let pattern = try text.require(
        stated, key, "a text of M, *, - and E, or \(wordsKey) with a word for each block")
      kinds = try pattern.map { letter throws(InputError) in
        guard let kind = NemotronHFamily.Kind(rawValue: String(letter)) else {
          throw text.wrong(key, .string(String(letter)), "the letters \(known.map(\.rawValue).joined(separator: " "))")
        }
        return kind
      }
    }
    guard !isOptional else { return kinds }
    guard !kinds.isEmpty else { throw text.wrong(key, text[key] ?? .null, "at least one block") }
    if let layers = try integer("num_hidden_layers"), layers != UInt64(kinds.count) {
      throw text.wrong("num_hidden_layers", .integer(Int64(layers)), "\(kinds.count), as \(key) has blocks")
    }
    return kinds
  }
}
