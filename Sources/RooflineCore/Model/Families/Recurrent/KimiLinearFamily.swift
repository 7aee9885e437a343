/// Kimi-Linear and the text part of Kimi-K3: Kimi delta attention in most layers, latent attention without positions in the others;
/// routed experts, in K3 in a narrower stream; in K3 also attention residuals.
enum KimiLinearFamily: ArchitectureFamily {
  static let modelTypes = ["kimi_linear", "kimi_k3"]
  static let architectures = ["KimiLinearForCausalLM", "KimiK3ForConditionalGeneration"]
  // Latents are projected in the model's format beside quantised experts.
  static let checkpoints = CheckpointHabits(whole: [
    "block_sparse_moe.routed_expert_down_proj", "block_sparse_moe.routed_expert_up_proj",
  ])
  // Latent attention has heads of its own widths; groups of experts, constants of activations and numerics change no count.
  static let harmlessKeys: Set<String> = [
    "head_dim", "num_key_value_heads", "activation_situ_beta", "activation_situ_linear_beta", "num_expert_group",
    "topk_group", "use_grouped_topk", "image_placeholder", "media_placeholder_token_id", "model_max_length",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    let layers = try keys.required("num_hidden_layers", "the number of layers")
    try keys.requireListable(layers)
    let linear = try keys.text.require(
      try keys.object("linear_attn_config"), "linear_attn_config", "an object with num_heads, head_dim and layers")
    let isFull = try keys.fullLayers(linear, layers: layers)
    let delta = try delta(linear)
    let latent = try latent(&keys)
    let activation = try keys.kimiActivation()
    let dense = FeedForward.gated(
      GatedMLP(
        intermediateSize: try keys.required("intermediate_size", "the width of dense layers"), activation: activation))
    let experts = try experts(&keys, activation)
    let isRouted = try keys.routedLayers(layers)
    let bankSize = try keys.integer("attn_res_block_size")
    let isNested = keys.outer.path != keys.text.path
    var model = DecoderModel(
      hiddenSize: hidden,
      embedding: EmbeddingBlock(
        vocabSize: try keys.required("vocab_size", "the number of tokens"),
        name: isNested ? "language_model.model.embed_tokens" : "model.embed_tokens"),
      layers: (0..<Int(layers)).map { index in
        LayerGroup(
          name: name(isFull: isFull[index], isRouted: isRouted[index]),
          mixer: isFull[index] ? .latent(latent) : .kimiDelta(delta),
          feedForward: isRouted[index] ? experts : dense, residual: .preNorm, norms: LayerNormNames())
      }, norm: .rms,
      head: HeadBlock(
        isTied: try keys.tiesWordEmbeddings(assumed: false),
        name: isNested ? "language_model.lm_head" : "lm_head",
        normName: isNested ? "language_model.model.norm" : "model.norm"),
      layerPrefix: isNested ? "language_model.model.layers." : "model.layers.")
    if let bankSize { model.mixStreams(every: bankSize) }
    return model
  }

  private static func delta(_ linear: JSONObject) throws(InputError) -> KimiDeltaAttention {
    func required(_ key: String, _ what: String) throws(InputError) -> UInt64 {
      try linear.require(try linear.positiveInteger(key), key, "\(what), a whole number of at least 1")
    }
    return KimiDeltaAttention(
      numHeads: try required("num_heads", "the heads of delta attention"),
      headDim: try required("head_dim", "the width of a head"),
      taps: try required("short_conv_kernel_size", "the taps of the convolutions"),
      hasFullRankGate: try linear.bool("use_full_rank_gate") ?? false)
  }

  private static func latent(_ keys: inout ConfigurationKeys) throws(InputError) -> LatentAttention {
    LatentAttention(
      numHeads: try keys.required("num_attention_heads", "the number of heads of latent attention"),
      queryRank: try keys.integer("q_lora_rank"),
      latentRank: try keys.required("kv_lora_rank", "the width of the latent"),
      nopeDim: try keys.required("qk_nope_head_dim", "elements of a head's key of its own"),
      ropeDim: try keys.required("qk_rope_head_dim", "elements of a key that all heads share"),
      valueDim: try keys.required("v_head_dim", "elements of a head's value"),
      rotates: try !keys.flag("mla_use_nope", assumed: false),
      hasOutputGate: try keys.flag("mla_use_output_gate", assumed: false))
  }

  private static func experts(
    _ keys: inout ConfigurationKeys, _ activation: GatedMLP.Activation
  ) throws(InputError) -> FeedForward {
    let (experts, chosen) = try keys.experts("num_experts", chosen: "num_experts_per_token")
    let width = try keys.required("moe_intermediate_size", "the width of an expert")
    let isSigmoid: Bool
    switch try keys.string("moe_router_activation_func") {
    case "sigmoid", nil: isSigmoid = true
    case "softmax": isSigmoid = false
    case let other?:
      throw keys.text.wrong("moe_router_activation_func", .string(other), "\"sigmoid\" or \"softmax\"")
    }
    let shared = Count(try keys.count("num_shared_experts", assumed: 1)) * Count(width)
    guard !shared.isOverflow else { throw .overflow(what: "num_shared_experts × moe_intermediate_size") }
    let hasNorm = try keys.bool("latent_moe_use_norm") ?? false
    let latent = try keys.integer("routed_expert_hidden_size").map {
      RoutedExperts.Latent(
        size: $0, norm: hasNorm ? .tensor("block_sparse_moe.routed_expert_norm") : nil,
        down: .tensor("block_sparse_moe.routed_expert_down_proj"), up: .tensor("block_sparse_moe.routed_expert_up_proj")
      )
    }
    return .routed(
      RoutedExperts(
        experts: experts, chosen: chosen, width: width, form: .gated(activation),
        router: .init(
          scoring: isSigmoid ? .sigmoid : .softmax,
          correction: isSigmoid ? "block_sparse_moe.gate.e_score_correction_bias" : nil,
          renormalises: try keys.flag("moe_renormalize", assumed: true),
          scales: try keys.isScaling("routed_scaling_factor", assumed: 2.446), name: .tensor("block_sparse_moe.gate")),
        shared: shared == 0
          ? nil
          : .init(
            width: shared.value,
            names: .init(
              gate: .tensor("block_sparse_moe.shared_experts.gate_proj"),
              up: .tensor("block_sparse_moe.shared_experts.up_proj"),
              down: .tensor("block_sparse_moe.shared_experts.down_proj"))),
        latent: latent,
        names: .init(
          first: .halves("block_sparse_moe.experts.M.w1", "block_sparse_moe.experts.M.w3"),
          down: .tensor("block_sparse_moe.experts.M.w2"))))
  }

  private static func name(isFull: Bool, isRouted: Bool) -> StaticText {
    switch (isFull, isRouted) {
    case (true, true): "latent"
    case (true, false): "latent dense"
    case (false, true): "delta"
    case (false, false): "delta dense"
    }
  }
}

extension DecoderModel {
  /// Mixes the stream with its snapshots in front of every block: one is taken when a layer whose number divides by `size` has
  /// begun, so that its mixer does not see it yet and its feed-forward does.
  fileprivate mutating func mixStreams(every size: UInt64) {
    var banks = groups.map { _ in StreamBank(mixer: 0, feedForward: 0) }
    var layer: UInt64 = 0
    for run in runs {
      for _ in 0..<run.layers {
        banks[run.group].mixer += (layer + size - 1) / size
        banks[run.group].feedForward += layer / size + 1
        layer += 1
      }
    }
    for index in groups.indices { groups[index].residual = .bank(banks[index]) }
    head.snapshots = (layer + size - 1) / size
  }
}

extension ConfigurationKeys {
  fileprivate mutating func kimiActivation() throws(InputError) -> GatedMLP.Activation {
    guard value("hidden_act") == .string("situ") else {
      try requireSilu()
      return .silu
    }
    return .situ
  }

  /// Which layers have routed experts: from `first_k_dense_replace` on every `moe_layer_freq`th.
  fileprivate mutating func routedLayers(_ layers: UInt64) throws(InputError) -> [Bool] {
    let first: UInt64
    switch value("first_k_dense_replace") {
    case nil: first = 0
    case .integer(let stated) where stated >= 0: first = UInt64(stated)
    case .some(let other): throw text.wrong("first_k_dense_replace", other, "a whole number of at least 0")
    }
    let step = try integer("moe_layer_freq", assumed: 1)
    return (0..<layers).map { $0 >= first && $0.isMultiple(of: step) }
  }

  /// Which layers have latent attention: `layer_types`, else the numbers, from 1, of `full_attn_layers`; `kda_layers` has the rest.
  fileprivate mutating func fullLayers(_ linear: JSONObject, layers: UInt64) throws(InputError) -> [Bool] {
    if let types = try layerTypes(["linear_attention", "full_attention"], layers: layers) {
      return types.map { $0 == "full_attention" }
    }
    func numbers(_ key: String) throws(InputError) -> Set<UInt64> {
      let value = try linear.require(linear[key], key, "a list of layers' numbers, from 1")
      guard case .array(let elements) = value else { throw linear.wrong(key, value, "a list of layers' numbers") }
      var numbers: Set<UInt64> = []
      for element in elements {
        guard let number = element.wholeNumber, number >= 1, UInt64(number) <= layers else {
          throw linear.wrong(key, element, "layers' numbers from 1 to \(layers)")
        }
        numbers.insert(UInt64(number))
      }
      return numbers
    }
    let (full, delta) = (try numbers("full_attn_layers"), try numbers("kda_layers"))
    guard full.isDisjoint(with: delta), UInt64(full.count + delta.count) == layers else {
      throw linear.wrong(
        "kda_layers", linear["kda_layers"] ?? .null,
        "each of the \(layers) layers that full_attn_layers does not name, once")
    }
    return (1...layers).map(full.contains)
  }
}
