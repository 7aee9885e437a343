/// MiMo-V2-Flash: layers with a window, heads of their own and a sink each, between layers that see everything; values narrower
/// than keys, and scaled; routed experts behind a sigmoid router with a correction bias, in the layers that a list names.
enum MiMoV2Family: ArchitectureFamily {
  static let modelTypes = ["mimo_v2_flash"]
  static let architectures = ["MiMoV2FlashForCausalLM"]
  static let harmlessKeys: Set<String> = [
    "attention_chunk_size", "swa_rope_theta", "n_group", "topk_group", "num_nextn_predict_layers",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, turnsWholeHeads: false)
    let bias = try keys.flag("attention_bias", assumed: false)
    parts.attention.hasQueryKeyValueBias = bias
    parts.attention.scalesValues = try keys.isScaling("attention_value_scale", assumed: 0.707)
    let full = try keys.attention(
      parts.attention, headDim: parts.attention.headDim, prefix: "",
      hasSinks: try keys.flag("add_full_attention_sink_bias", assumed: false))
    // Whether layers with a window have sinks, the published classes do not agree where the file is silent.
    guard let hasSinks = try keys.bool("add_swa_attention_sink_bias") else {
      throw .missingKey(
        file: keys.text.file, key: keys.text.keyPath("add_swa_attention_sink_bias"),
        expected: "whether heads of layers with a window have a sink, true or false")
    }
    var sliding = try keys.attention(
      parts.attention, headDim: try keys.required("swa_head_dim", "the width of a head in layers with a window"),
      prefix: "swa_", hasSinks: hasSinks)
    let window = try keys.required("sliding_window", "the keys that a layer with a window sees")
    try keys.require(
      "sliding_window_size", .integer(Int64(window)), "it is another name of sliding_window, and says something else")
    sliding.window = window
    let layers = parts.layers
    let isSliding = try keys.text.require(
      try keys.layerFlags("hybrid_layer_pattern", layers: layers), "hybrid_layer_pattern",
      "a list with 1 for each layer with a window, 0 for the others")
    let isRouted = try keys.text.require(
      try keys.layerFlags("moe_layer_freq", layers: layers), "moe_layer_freq",
      "a list with 1 for each layer with routed experts, 0 for the others")
    let block = try keys.sigmoidExperts(
      "n_routed_experts", correction: "mlp.gate.e_score_correction_bias", shared: 0, renormalises: true)
    return parts.model(
      zip(isSliding, isRouted).map { isSliding, isRouted in
        DenseParts.Layer(
          attention: isSliding ? sliding : full,
          feedForward: isRouted ? .routed(block) : .gated(GatedMLP(intermediateSize: parts.intermediate)),
          isWindowed: isSliding)
      })
  }
}

extension ConfigurationKeys {
  /// One kind of attention: heads and widths under keys with a prefix, none of which follows from another.
  fileprivate mutating func attention(
    _ base: GroupedQueryAttention, headDim: UInt64, prefix: String, hasSinks: Bool
  ) throws(InputError) -> GroupedQueryAttention {
    var attention = base
    attention.numHeads = try required("\(prefix)num_attention_heads", "the number of query heads")
    attention.numKeyValueHeads = try required("\(prefix)num_key_value_heads", "the number of KV heads")
    guard attention.numHeads.isMultiple(of: attention.numKeyValueHeads) else {
      throw text.wrong(
        "\(prefix)num_key_value_heads", .integer(Int64(attention.numKeyValueHeads)),
        "a divisor of \(prefix)num_attention_heads (\(attention.numHeads))")
    }
    attention.headDim = headDim
    let valueDim = try required("\(prefix)v_head_dim", "the width of a head's values")
    attention.valueDim = valueDim == attention.headDim ? nil : valueDim
    attention.rotaryDim = try evenShare(of: attention.headDim)
    if hasSinks { attention.sinks = .whole("self_attn.attention_sink_bias") }
    return attention
  }

  /// ⌊share · d⌋ turned elements, the share under `partial_rotary_factor`.
  private mutating func evenShare(of headDim: UInt64) throws(InputError) -> UInt64 {
    try rotaryDim(of: headDim, keys: ["partial_rotary_factor"], assumed: 1)
  }
}
