/// Llama-4's text part: layers that turn heads and see their own piece of the sequence, between layers without positions that see
/// everything; routed experts in every layer of `interleave_moe_layer_step`, one a token, whose input is scaled, beside a shared
/// one.
enum Llama4Family: ArchitectureFamily {
  static let modelTypes = ["llama4", "llama4_text"]
  static let architectures = ["Llama4ForConditionalGeneration", "Llama4ForCausalLM"]
  // The scale of queries by their place is not counted apart.
  static let harmlessKeys: Set<String> = [
    "attn_scale", "attn_temperature_tuning", "floor_scale", "boi_token_index", "eoi_token_index", "image_token_index",
    "for_llm_compressor", "cache_implementation",
  ]

  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart { .llama4(keys, model) }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, defaultHeadDim: 128, widthKey: "intermediate_size_mlp")
    try parts.readBias(&keys)
    parts.attention.hasQueryKeyNorm = try keys.flag("use_qk_norm", assumed: true)
    parts.attention.normForm = .plainBehindRotary
    let layers = parts.layers
    let isTurned = try keys.chunkedLayers(layers)
    var local = parts.attention
    local.chunk = try keys.integer("attention_chunk_size")
    var global = parts.attention
    global.rotaryDim = nil
    let width = try keys.required("intermediate_size", "the width of an expert")
    let (experts, chosen) = try keys.experts("num_local_experts", chosen: "num_experts_per_tok")
    var router = RoutedExperts.Router(
      scoring: .sigmoid, renormalises: false, name: .tensor("feed_forward.router"))
    router.scalesInputs = true
    let block = RoutedExperts(
      experts: experts, chosen: chosen, width: width, router: router,
      shared: .init(
        width: width,
        names: .init(
          gate: .tensor("feed_forward.shared_expert.gate_proj"), up: .tensor("feed_forward.shared_expert.up_proj"),
          down: .tensor("feed_forward.shared_expert.down_proj"))),
      names: .init(
        first: .stacked("feed_forward.experts.gate_up_proj"), down: .stacked("feed_forward.experts.down_proj")))
    let dense = GatedMLP(
      intermediateSize: parts.intermediate,
      names: .init(
        gate: .tensor("feed_forward.gate_proj"), up: .tensor("feed_forward.up_proj"),
        down: .tensor("feed_forward.down_proj")))
    let isRouted = try keys.interleavedExperts(layers)
    return parts.model(
      zip(isTurned, isRouted).map { isTurned, isRouted in
        DenseParts.Layer(
          attention: isTurned ? local : global, feedForward: isRouted ? .routed(block) : .gated(dense),
          isWindowed: isTurned && local.chunk != nil)
      })
  }
}

extension ConfigurationKeys {
  /// Which layers turn heads, where those that do see a piece of the sequence.
  fileprivate mutating func chunkedLayers(_ layers: UInt64) throws(InputError) -> [Bool] {
    let kinds = try layerTypes(["full_attention", "chunked_attention"], layers: layers)
    let isTurned = try turnedLayers(layers)
    if let kinds, kinds.map({ $0 == "chunked_attention" }) != isTurned {
      throw text.wrong(
        "layer_types", .string("…"),
        "chunked_attention in the layers that turn heads (no_rope_layers), full_attention in others")
    }
    return isTurned
  }

  /// Which layers turn heads: those of `no_rope_layers` with a 1, else all but every fourth.
  mutating func turnedLayers(_ layers: UInt64) throws(InputError) -> [Bool] {
    try requireListable(layers)
    let interval = try integer("no_rope_layer_interval", assumed: 4)
    var isTurned = (0..<layers).map { !($0 + 1).isMultiple(of: interval) }
    if case .array(let elements)? = value("no_rope_layers"), !elements.isEmpty,
      let flags = try layerFlags("no_rope_layers", layers: layers)
    {
      isTurned = flags
    }
    return isTurned
  }

  /// Which layers have routed experts: those that `moe_layers` names, else every `interleave_moe_layer_step`th.
  fileprivate mutating func interleavedExperts(_ layers: UInt64) throws(InputError) -> [Bool] {
    let step = try integer("interleave_moe_layer_step", assumed: 1)
    if value("moe_layers") != nil {
      let named = try layerNumbers("moe_layers", layers: layers)
      return (0..<layers).map { named.contains($0) }
    }
    return (0..<layers).map { ($0 + 1).isMultiple(of: step) }
  }
}
