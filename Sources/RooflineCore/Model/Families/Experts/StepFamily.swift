/// Step-3.5 and 3.7-Flash: windows in three layers of four, with heads of their own in the real files; a gate for each head's
/// output, norms of queries and keys; dense layers first, then routed experts behind a sigmoid router with a correction bias, and
/// a shared one.
///
/// Two kinds of files: the real one's nested text part, and flat ones under other names, in which layers with a window have the
/// other layers' heads.
enum StepFamily: ArchitectureFamily {
  static let modelTypes = ["step3p7", "step3p5"]
  static let architectures = [
    "Step3p7FlashForCausalLM", "Step3p5ForCausalLM", "Step3p7ForConditionalGeneration",
  ]
  // Clamps compare; the router's format changes no count.
  static let harmlessKeys: Set<String> = [
    "num_nextn_predict_layers", "num_mtp_layers", "n_shared_experts", "swiglu_limits", "swiglu_limits_shared",
    "need_fp32_gate", "yarn_only_types", "max_seq_len", "moe_layer_offset", "use_moe", "moe_every_n_layer",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(
      &keys, turnsWholeHeads: false, keyValueHeadsKey: keys.stated(["num_attention_groups", "num_key_value_heads"]))
    try keys.require("use_qk_norm", .bool(true), "attention without norms of queries and keys is not counted here")
    parts.attention.hasQueryKeyNorm = true
    if try keys.flag("use_head_wise_attn_gate", assumed: true) {
      parts.attention.headGate = .tensor("self_attn.g_proj")
    }
    let window = try keys.required("sliding_window", "the keys that a layer with a window sees")
    let types = try keys.stepLayerTypes(layers: parts.layers)
    let shares = try keys.turnedShares(layers: parts.layers)
    let sliding = try keys.slidingAttention(parts.attention)
    let block = try keys.stepExperts()
    let isRouted = try keys.stepRoutedLayers(parts.layers)
    var layers: [DenseParts.Layer] = []
    for index in types.indices {
      let isWindowed = types[index] == "sliding_attention"
      var attention = isWindowed ? sliding : parts.attention
      attention.window = isWindowed ? window : nil
      attention.rotaryDim = try keys.turned(attention.headDim, share: shares?[index])
      layers.append(
        DenseParts.Layer(
          attention: attention,
          feedForward: isRouted[index] ? .routed(block) : .gated(GatedMLP(intermediateSize: parts.intermediate)),
          isWindowed: isWindowed))
    }
    var model = parts.model(layers)
    if keys.outer.path != keys.text.path {
      model.embedding.name = "model.language_model.embed_tokens"
      model.head.normName = "model.language_model.norm"
      model.layerPrefix = "model.language_model.layers."
    }
    return model
  }
}

extension ConfigurationKeys {
  /// The first of the names of a fact that the file states; the last where it states none.
  mutating func stated(_ names: [String]) -> String {
    names.first { text[$0] != nil } ?? names.last ?? ""
  }

  /// Layers' kinds; the draft layers' stand behind them.
  fileprivate mutating func stepLayerTypes(layers: UInt64) throws(InputError) -> [String] {
    try requireListable(layers)
    let types = try text.require(
      try strings("layer_types"), "layer_types", "full_attention or sliding_attention for each layer")
    for type in types where type != "full_attention" && type != "sliding_attention" {
      throw text.wrong("layer_types", .string(type), "\"full_attention\" or \"sliding_attention\"")
    }
    let drafts = try draftLayers()
    guard UInt64(types.count) == layers || UInt64(types.count) == layers &+ drafts else {
      throw text.wrong(
        "layer_types", .array(types.map { .string($0) }),
        "one entry for each of the \(layers) layers\(drafts > 0 ? ", or for them and the \(drafts) draft layers" : "")")
    }
    return Array(types.prefix(Int(layers)))
  }

  private mutating func draftLayers() throws(InputError) -> UInt64 {
    try count(stated(["num_mtp_layers", "num_nextn_predict_layers"]))
  }

  /// Shares of a head's elements that are turned, layer by layer; nil where one share holds for all.
  fileprivate mutating func turnedShares(layers: UInt64) throws(InputError) -> [Double]? {
    guard let value = value("partial_rotary_factors") else {
      try requireWholeRotary()
      return nil
    }
    guard case .array(let elements) = value, UInt64(elements.count) >= layers else {
      throw text.wrong("partial_rotary_factors", value, "a share for each of the \(layers) layers")
    }
    var shares: [Double] = []
    for element in elements.prefix(Int(layers)) {
      guard let share = element.number, share > 0, share <= 1 else {
        throw text.wrong("partial_rotary_factors", element, "a share above 0 and up to 1 for each layer")
      }
      shares.append(share)
    }
    return shares
  }

  fileprivate func turned(_ headDim: UInt64, share: Double?) throws(InputError) -> UInt64 {
    guard let share else { return headDim }
    let turned = (Double(headDim) * share).rounded(.down)
    guard let dim = UInt64(exactly: turned), dim >= 2, dim.isMultiple(of: 2) else {
      throw text.wrong(
        "partial_rotary_factors", .number(share), "shares that turn an even number of a head's \(headDim) elements")
    }
    return dim
  }

  /// Attention of layers with a window, which may have other heads.
  fileprivate mutating func slidingAttention(_ full: GroupedQueryAttention) throws(InputError) -> GroupedQueryAttention
  {
    var sliding = full
    let flat = try integer("num_sliding_attention_heads")
    let other = try object("attention_other_setting")
    if let type = try other?.string("attention_type"), type != "sliding_attention" {
      throw .unsupportedKey(
        file: text.file, key: text.keyPath("attention_other_setting.attention_type"), value: "\"\(type)\"",
        reason: "only layers with a window have heads of their own")
    }
    sliding.numHeads = try other?.positiveInteger("num_attention_heads") ?? flat ?? full.numHeads
    sliding.numKeyValueHeads = try other?.positiveInteger("num_attention_groups") ?? full.numKeyValueHeads
    sliding.headDim = try requireEven(try other?.positiveInteger("head_dim") ?? full.headDim)
    guard sliding.numHeads.isMultiple(of: sliding.numKeyValueHeads) else {
      throw text.wrong(
        "attention_other_setting", .integer(Int64(sliding.numHeads)),
        "num_attention_heads that num_attention_groups (\(sliding.numKeyValueHeads)) divides")
    }
    return sliding
  }

  fileprivate mutating func stepExperts() throws(InputError) -> RoutedExperts {
    let (experts, chosen) = try experts(
      stated(["moe_num_experts", "n_routed_experts", "num_experts"]),
      chosen: stated(["moe_top_k", "num_experts_per_tok"]))
    // Other names of what was read say the same.
    for (names, number) in [
      (["moe_num_experts", "n_routed_experts", "num_experts", "num_local_experts"], experts),
      (["moe_top_k", "num_experts_per_tok"], chosen),
    ] {
      for name in names {
        try require(name, .integer(Int64(number)), "another name of the same fact says \(number)")
      }
    }
    let width = try required("moe_intermediate_size", "the width of an expert")
    let shared = try count(stated(["share_expert_dims", "share_expert_dim"]))
    for key in ["scoring_func", "moe_router_activation"] {
      try require(key, .string("sigmoid"), "only a sigmoid router is counted for this architecture")
    }
    let hasCorrection = try flag("use_moe_router_bias", assumed: true)
    return RoutedExperts(
      experts: experts, chosen: chosen, width: width,
      router: .init(
        scoring: .sigmoid, correction: hasCorrection ? "moe.router_bias" : nil,
        renormalises: try flag("norm_expert_weight", assumed: true),
        scales: try isScaling("moe_router_scaling_factor", assumed: 1),
        name: .tensor("moe.gate")),
      shared: shared > 0
        ? .init(
          width: shared,
          names: .init(
            gate: .tensor("share_expert.gate_proj"), up: .tensor("share_expert.up_proj"),
            down: .tensor("share_expert.down_proj"))) : nil,
      names: .init(
        first: .halves("moe.experts.M.gate_proj", "moe.experts.M.up_proj"), down: .tensor("moe.experts.M.down_proj")))
  }

  /// Which layers have routed experts: those whose numbers are listed, in a list or between commas, else all but so many first.
  fileprivate mutating func stepRoutedLayers(_ layers: UInt64) throws(InputError) -> [Bool] {
    guard let value = value("moe_layers_enum") else {
      return try firstDense("first_k_dense_replace", layers: layers).map { !$0 }
    }
    let numbers: [UInt64?] =
      switch value {
      case .string(let text): text.split(separator: ",").map { UInt64($0.filter { $0 != " " }) }
      case .array(let elements): elements.map { $0.wholeNumber.flatMap { UInt64(exactly: $0) } }
      default: [nil]
      }
    let listed = numbers.compactMap { $0 }
    guard listed.count == numbers.count else {
      throw text.wrong("moe_layers_enum", value, "numbers of layers, the first of which is 0, e.g. \"3,4,5\"")
    }
    let drafts = try draftLayers()
    if let beyond = listed.first(where: { $0 >= layers &+ drafts }) {
      throw text.wrong("moe_layers_enum", .integer(Int64(beyond)), "numbers below num_hidden_layers (\(layers))")
    }
    return (0..<layers).map(listed.contains)
  }
}
