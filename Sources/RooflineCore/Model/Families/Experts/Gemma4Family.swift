/// Gemma-4's text part: five layers with a window to one without, whose heads are wider and share keys as values; norms of
/// queries, keys and values; four norms a layer, three more where routed experts stand beside the MLP; gelu; a scaled and tied
/// embedding, a soft cap on the logits.
enum Gemma4Family: ArchitectureFamily {
  static let modelTypes = ["gemma4_text", "gemma4"]
  static let architectures = ["Gemma4ForConditionalGeneration", "Gemma4ForCausalLM"]
  static let harmlessKeys: Set<String> = [
    "vocab_size_per_layer_input", "vision_soft_tokens_per_image", "audio_config", "audio_token_id", "boa_token_id",
    "eoa_token_id", "eoa_token_index", "boi_token_id", "eoi_token_id",
  ]

  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart { .gemma(keys, model) }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    let layers = try keys.required("num_hidden_layers", "the number of layers")
    for key in ["hidden_size_per_layer_input", "num_kv_shared_layers"] where try keys.count(key) > 0 {
      throw .unsupportedKey(
        file: keys.text.file, key: keys.text.keyPath(key), value: keys.text[key]?.summary ?? "",
        reason: "inputs of each layer and keys shared between layers are not counted")
    }
    try keys.require("use_double_wide_mlp", .bool(false), "MLPs of twice the width are not counted")
    try keys.requireGelu()
    let (sliding, full) = try keys.gemma4Attention()
    let window = try keys.integer("sliding_window", assumed: 1024)
    let isWindowed = try keys.gemmaWindows(layers: layers) { !($0 + 1).isMultiple(of: 6) }
    let dense = GatedMLP(
      intermediateSize: try keys.required("intermediate_size", "the width of the MLP"), activation: .gelu)
    let feedForward = try keys.gemma4FeedForward(dense)
    let capsLogits = try keys.number("final_logit_softcapping") != nil
    let groups = isWindowed.map { isWindowed in
      var attention = isWindowed ? sliding : full
      attention.window = isWindowed ? window : nil
      var group = LayerGroup(
        name: isWindowed ? "sliding" : "full", mixer: .groupedQuery(attention), feedForward: feedForward,
        residual: .sandwich,
        norms: LayerNormNames(
          feedForward: "pre_feedforward_layernorm", afterMixer: "post_attention_layernorm",
          afterFeedForward: "post_feedforward_layernorm"))
      group.scalesOutput = true
      return group
    }
    return DecoderModel(
      hiddenSize: hidden,
      embedding: EmbeddingBlock(
        vocabSize: try keys.required("vocab_size", "the number of tokens"), isScaled: true),
      layers: groups, norm: .rms,
      head: HeadBlock(isTied: try keys.tiesWordEmbeddings(assumed: true), capsLogits: capsLogits),
      layerPrefix: "model.layers.")
  }
}

extension ConfigurationKeys {
  /// Attention of layers with a window and of those without.
  fileprivate mutating func gemma4Attention() throws(InputError) -> (
    sliding: GroupedQueryAttention, full: GroupedQueryAttention
  ) {
    let heads = try required("num_attention_heads", "the number of query heads")
    let keyValueHeads = try keyValueHeads(of: heads, mayOmit: false)
    let headDim = try requireEven(try integer("head_dim", assumed: 256))
    let bias = try flag("attention_bias", assumed: false)
    var sliding = GroupedQueryAttention(
      numHeads: heads, numKeyValueHeads: keyValueHeads, headDim: headDim, hasQueryKeyValueBias: bias,
      hasOutputBias: bias, hasQueryKeyNorm: true, rotaryDim: headDim)
    sliding.hasValueNorm = true
    var full = sliding
    full.headDim = try integer("global_head_dim", assumed: 512)
    full.rotaryDim = try globalRotary(of: full.headDim)
    if try flag("attention_k_eq_v", assumed: false) {
      full.sharesKeyAsValue = true
      full.numKeyValueHeads = try integer("num_global_key_value_heads") ?? keyValueHeads
      guard heads.isMultiple(of: full.numKeyValueHeads) else {
        throw text.wrong(
          "num_global_key_value_heads", .integer(Int64(full.numKeyValueHeads)),
          "a divisor of num_attention_heads (\(heads))")
      }
    } else {
      // Layers without a window then have the other layers' KV heads.
      _ = value("num_global_key_value_heads")
    }
    return (sliding, full)
  }

  /// Turned elements of a head in layers without a window.
  private mutating func globalRotary(of headDim: UInt64) throws(InputError) -> UInt64 {
    let nested = try object("rope_parameters")
    let rotary = try nested?.object("full_attention")
    let share = try rotary?.positiveNumber("partial_rotary_factor") ?? 1
    let turned = (Double(headDim) * share).rounded(.down)
    guard share <= 1, let dim = UInt64(exactly: turned), dim >= 2, dim.isMultiple(of: 2) else {
      throw text.wrong(
        "rope_parameters", .number(share),
        "for full_attention a partial_rotary_factor that turns an even number of a head's \(headDim) elements")
    }
    return dim
  }

  /// The MLP alone, or beside routed experts.
  fileprivate mutating func gemma4FeedForward(_ dense: GatedMLP) throws(InputError) -> FeedForward {
    guard try flag("enable_moe_block", assumed: false) else {
      for key in ["num_experts", "top_k_experts", "moe_intermediate_size"] { _ = value(key) }
      return .gated(dense)
    }
    let (experts, chosen) = try experts("num_experts", chosen: "top_k_experts")
    var router = RoutedExperts.Router(
      scoring: .softmax, renormalises: true, name: .tensor("router.proj"))
    router.norm = .whole("router.scale")
    router.expertScales = "router.per_expert_scale"
    let block = RoutedExperts(
      experts: experts, chosen: chosen, width: try required("moe_intermediate_size", "the width of an expert"),
      form: .gated(.gelu), router: router,
      names: .init(first: .whole("experts.gate_up_proj"), down: .whole("experts.down_proj")))
    return .denseBesideRouted(
      DenseBesideExperts(
        dense: dense, experts: block, afterDense: "post_feedforward_layernorm_1",
        beforeExperts: "pre_feedforward_layernorm_2", afterExperts: "post_feedforward_layernorm_2"))
  }
}
