/// MiniMax-M3's text part: dense layers with full attention first, then routed experts and a shared one, and attention to blocks
/// of keys that an indexer chooses; norms of each head's queries and keys, rotary embedding of a part of each head.
enum MiniMaxM3Family: ArchitectureFamily {
  static let modelTypes = ["minimax_m3", "minimax_m3_vl_text"]
  static let outerModelTypes = ["minimax_m3_vl"]
  static let architectures = [
    "MiniMaxM3ForCausalLM", "MiniMaxM3SparseForCausalLM", "MiniMaxM3SparseForConditionalGeneration",
    "MiniMaxM3VLForConditionalGeneration",
  ]
  // A clamp compares; 1 + w is folded into a norm's weight.
  static let harmlessKeys: Set<String> = [
    "use_gemma_norm", "swiglu_alpha", "swiglu_limit", "num_mtp_modules", "num_nextn_predict_layers", "use_mtp",
  ]

  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart { .miniMax(keys, model) }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(
      &keys, defaultHeadDim: 128, checksActivation: false, turnsWholeHeads: false, widthKey: "dense_intermediate_size")
    try keys.requireClampedSwiGLU()
    if try keys.flag("use_qk_norm", assumed: true) {
      parts.attention.hasQueryKeyNorm = true
      try keys.require("qk_norm_type", .string("per_head"), "only norms of each head are counted for this architecture")
    }
    parts.attention.rotaryDim = try keys.partialRotary(of: parts.attention.headDim)
    let dense = GatedMLP(intermediateSize: parts.intermediate, activation: .swigluoai)
    let routed = try keys.minimaxM3Experts()
    let isDense = try keys.denseLayers(parts.layers)
    var sparse = parts.attention
    let isSparse = try keys.sparseLayers(parts.layers)
    if isSparse.contains(true) {
      sparse.selection = try keys.blockSelection(rotaryDim: parts.attention.rotaryDim ?? 0)
    }
    var model = parts.model(
      zip(isDense, isSparse).map { isDense, isSparse in
        DenseParts.Layer(
          attention: isSparse ? sparse : parts.attention, feedForward: isDense ? .gated(dense) : .routed(routed),
          isWindowed: false)
      })
    if keys.outer.path != keys.text.path {
      model.embedding.name = "language_model.model.embed_tokens"
      model.head.name = "language_model.lm_head"
      model.head.normName = "language_model.model.norm"
      model.layerPrefix = "language_model.model.layers."
    }
    return model
  }
}

extension ConfigurationKeys {
  /// The class's own activation, which transformers' files call silu.
  fileprivate mutating func requireClampedSwiGLU() throws(InputError) {
    guard let value = value("hidden_act"), value != .string("swigluoai"), value != .string("silu") else { return }
    throw .unsupportedKey(
      file: text.file, key: text.keyPath("hidden_act"), value: value.summary,
      reason: "only swigluoai is counted for this architecture")
  }

  fileprivate mutating func minimaxM3Experts() throws(InputError) -> RoutedExperts {
    let (experts, chosen) = try experts("num_local_experts", chosen: "num_experts_per_tok")
    let width = try required("intermediate_size", "the width of an expert")
    try require(
      "moe_intermediate_size", .integer(Int64(width)),
      "it is another name of intermediate_size, and says something else")
    try require("scoring_func", .string("sigmoid"), "only a sigmoid router is counted for this architecture")
    let shared = try count("n_shared_experts", assumed: 1)
    let sharedWidth = try integer("shared_intermediate_size", assumed: width)
    let (sharedWidths, overflow) = shared.multipliedReportingOverflow(by: sharedWidth)
    guard !overflow, sharedWidths <= Count.limit else { throw .overflow(what: "n_shared_experts") }
    return RoutedExperts(
      experts: experts, chosen: chosen, width: width, form: .gated(.swigluoai),
      router: .init(
        scoring: .sigmoid,
        correction: try flag("use_routing_bias", assumed: true) ? "block_sparse_moe.e_score_correction_bias" : nil,
        renormalises: true, scales: try isScaling("routed_scaling_factor", assumed: 1),
        name: .tensor("block_sparse_moe.gate")),
      shared: sharedWidths > 0
        ? .init(
          width: sharedWidths,
          names: .init(
            gate: .tensor("block_sparse_moe.shared_experts.gate_proj"),
            up: .tensor("block_sparse_moe.shared_experts.up_proj"),
            down: .tensor("block_sparse_moe.shared_experts.down_proj"))) : nil,
      names: .init(
        first: .halves("block_sparse_moe.experts.M.w1", "block_sparse_moe.experts.M.w3"),
        down: .tensor("block_sparse_moe.experts.M.w2")))
  }

  /// Which layers have one MLP: a list decides, else so many first ones.
  fileprivate mutating func denseLayers(_ layers: UInt64) throws(InputError) -> [Bool] {
    let first = try firstDense("first_k_dense_replace", layers: layers)
    if let flags = try layerFlags("moe_layer_freq", layers: layers) { return flags.map { !$0 } }
    guard let types = try strings("mlp_layer_types") else { return first }
    for type in types where type != "dense" && type != "sparse" {
      throw text.wrong("mlp_layer_types", .string(type), "\"dense\" or \"sparse\"")
    }
    guard UInt64(types.count) == layers else {
      throw text.wrong(
        "mlp_layer_types", .array(types.map { .string($0) }), "one entry for each of the \(layers) layers")
    }
    return types.map { $0 == "dense" }
  }

  /// Which layers' attention reads chosen blocks.
  fileprivate mutating func sparseLayers(_ layers: UInt64) throws(InputError) -> [Bool] {
    let types = try layerTypes(["full_attention", "minimax_m3_sparse"], layers: layers)
    let sparse = try object("sparse_attention_config")
    if let types { return types.map { $0 == "minimax_m3_sparse" } }
    let none = [Bool](repeating: false, count: Int(layers))
    guard let sparse, try sparse.bool("use_sparse_attention") != false else { return none }
    var nested = ConfigurationKeys(text: sparse, outer: outer, architecture: architecture)
    return try nested.layerFlags("sparse_attention_freq", layers: layers) ?? none
  }

  /// The indexer and what it chooses, under the keys of the checkpoint's file or of transformers' class.
  fileprivate mutating func blockSelection(rotaryDim: UInt64) throws(InputError) -> BlockSelection {
    let config = try object("sparse_attention_config")
    func fact(
      _ key: String, _ flat: String, _ expected: String, _ keys: inout ConfigurationKeys
    ) throws(InputError) -> UInt64 {
      let stated = try keys.integer(flat)
      if let value = try config?.positiveInteger(key) { return value }
      if let stated { return stated }
      throw .missingKey(
        file: keys.text.file, key: config?.keyPath(key) ?? keys.text.keyPath(flat),
        expected: "\(expected), a whole number of at least 1")
    }
    if let config {
      if let type = try config.string("sparse_score_type"), type != "max" {
        throw config.wrong("sparse_score_type", .string(type), "\"max\": a block's score is that of its best key")
      }
      // 0: the layer's indexer has values and an output of its own.
      var nested = ConfigurationKeys(text: config, outer: outer, architecture: architecture)
      if case .array(let flags)? = nested.value("sparse_disable_index_value"),
        case .array(let sparse)? = nested.value("sparse_attention_freq"),
        zip(flags, sparse).contains(where: { $0 == .integer(0) && $1 == .integer(1) })
      {
        throw config.wrong(
          "sparse_disable_index_value", .integer(0), "1 in every sparse layer: values of an indexer are not counted")
      }
    }
    let width = try fact("sparse_index_dim", "index_head_dim", "the width of an indexer's head", &self)
    guard width >= rotaryDim else {
      throw text.wrong(
        "rotary_dim", .integer(Int64(rotaryDim)),
        "at most the width of an indexer's head (\(width)), which is turned too")
    }
    let selection = BlockSelection(
      kept: try fact("sparse_topk_blocks", "index_topk_blocks", "the blocks that a query attends to", &self),
      block: try fact("sparse_block_size", "index_block_size", "the keys of a block", &self),
      heads: try fact("sparse_num_index_heads", "index_n_heads", "the indexer's heads", &self), width: width,
      rotaryDim: rotaryDim)
    guard !(Count(selection.kept) * Count(selection.block)).isOverflow else { throw .overflow(what: "chosen blocks") }
    return selection
  }
}
