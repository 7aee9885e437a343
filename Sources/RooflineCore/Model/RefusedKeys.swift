/// Keys of a config.json that change a count in a way that is not counted here. A file that uses one is refused by the key's
/// name: an answer that ignores it would be silently wrong.
enum RefusedKeys {
  private static let byName: [(keys: [String], reason: String)] = [
    (
      ["kv_lora_rank", "q_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"],
      "multi-head latent attention is not counted"
    ),
    (
      ["quantization_config", "quantization", "compression_config"],
      "quantised checkpoints are not read; a stated format can be tried with --weight-dtype on the original model"
    ),
    (["attention_chunk_size"], "chunked attention is not counted"),
    (["num_nextn_predict_layers", "mtp_num_hidden_layers"], "multi-token prediction layers are not counted"),
    (
      [
        "block_configs", "hybrid_override_pattern", "layers_block_type", "ssm_state_size", "state_size", "conv_kernel",
        "mamba_d_state",
      ],
      "layers that differ, or are not attention, are not counted"
    ),
    (["text_config", "vision_config", "audio_config"], "only text decoders are counted"),
    (["is_encoder_decoder", "add_cross_attention", "cross_attention_layers"], "cross-attention is not counted"),
    (["final_logit_softcapping", "attn_logit_softcapping"], "soft-capped logits are not counted"),
    (["use_qk_norm", "qk_norm", "qk_layernorm"], "norms of queries and keys are not counted"),
    (["no_rope_layers", "no_rope_layer_interval", "num_kv_shared_layers"], "layers that differ are not counted"),
    (["parallel_attn"], "parallel attention and MLP are not counted"),
    (["hidden_size_per_layer_input", "altup_num_inputs"], "per-layer inputs are not counted"),
    (["pruned_heads"], "models with heads taken out are not counted"),
    (
      ["bits", "w_bit", "kv_cache_dtype"],
      "quantised checkpoints are not read; --weight-dtype and --kv-dtype state formats"
    ),
    (["bias", "use_bias", "qkv_bias", "lm_head_bias"], "this architecture has no such bias key"),
  ]

  /// Throws for the first key in force.
  static func check(_ config: JSONObject, _ architecture: Architecture) throws(InputError) {
    for (keys, reason) in byName {
      for key in keys {
        if let value = config[key], isActive(value) { throw refusal(config, key, value, reason) }
      }
    }
    for key in config.members.keys.sorted() {
      guard let reason = reason(forPartOf: key), let value = config[key], isActive(value) else { continue }
      throw refusal(config, key, value, reason)
    }
    try checkActivation(config, architecture)
    try checkLayout(config, architecture)
    try checkBiases(config, architecture)
    try checkLayerTypes(config)
    // GPT-NeoX turns a part of each head; the reader takes its share.
    if architecture.family != .gptNeoX { try checkRotaryFraction(config) }
    try checkSlidingWindow(config, architecture)
  }

  static func knows(_ key: String) -> Bool {
    reason(forPartOf: key) != nil || byName.contains { $0.keys.contains(key) } || key == "use_parallel_residual"
  }

  /// New architectures bring new keys; those that are about such a thing say so in their names.
  private static let byPart: [(parts: [String], reason: String)] = [
    (["expert", "moe", "dense_replace", "sparse_step"], "mixtures of experts are not counted"),
    (["quant", "bnb_", "4bit", "8bit", "gptq", "awq"], "quantised checkpoints are not read"),
    (["lora_rank", "mla", "qk_head_dim", "nope", "kv_heads_per_layer"], "multi-head latent attention is not counted"),
    (
      ["sliding", "window", "chunk_size", "local_attention", "sparse", "index_topk"],
      "attention to a part of the keys is not counted"
    ),
    (
      [
        "mamba", "ssm", "conv_", "linear_num", "linear_key", "linear_value", "_interval", "_only_layers",
        "layer_pattern",
        "attention_types", "attn_types", "intermediate_sizes", "layer_group",
      ],
      "layers that differ, or are not attention, are not counted"
    ),
    (["mtp", "nextn", "medusa", "eagle"], "multi-token prediction layers are not counted"),
    (["output_gate", "softcap"], "this change of the attention or the logits is not counted"),
  ]

  /// Keys of the known architectures that would match a part and change nothing, or are judged by rules of their own.
  private static let harmless: Set<String> = [
    "max_window_layers", "sliding_window", "use_sliding_window", "chunk_size_feed_forward",
  ]

  private static func reason(forPartOf key: String) -> String? {
    let word = key.lowercased()
    guard !harmless.contains(word) else { return nil }
    return byPart.first { $0.parts.contains(where: word.contains) }?.reason
  }

  /// Two-matrix MLPs have gelu, counted in its tanh form whichever way it is computed, or relu.
  private static let plainActivations = ["relu", "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh"]

  private static func checkActivation(_ config: JSONObject, _ architecture: Architecture) throws(InputError) {
    guard architecture.family == .gated else {
      let key = architecture.activationKey
      guard let value = config[key], !plainActivations.contains(where: { value == .string($0) }) else { return }
      throw refusal(config, key, value, "of two-matrix MLPs only those with relu or gelu are counted")
    }
    for key in ["hidden_act", "hidden_activation"] {
      guard let value = config[key], value != .string("silu"), value != .string("swish") else { continue }
      throw refusal(config, key, value, "only the gated silu MLP is counted for this architecture")
    }
  }

  /// What OPT and GPT-NeoX may say of their layers, and others may not.
  private static func checkLayout(_ config: JSONObject, _ architecture: Architecture) throws(InputError) {
    func refuse(_ key: String, _ reason: String, unless isFine: (JSONValue) -> Bool) throws(InputError) {
      guard let value = config[key], !isFine(value) else { return }
      throw refusal(config, key, value, reason)
    }
    if architecture.family != .gptNeoX {
      try refuse("use_parallel_residual", "parallel attention and MLP are not counted for this architecture") {
        !isActive($0)
      }
    }
    guard architecture.family != .gated else { return }
    for key in ["num_key_value_heads", "num_kv_heads"] {
      try refuse(key, "\(architecture.name) has one KV head per query head") { $0 == config["num_attention_heads"] }
    }
    if let width = config["head_dim"]?.wholeNumber, let heads = config["num_attention_heads"]?.wholeNumber,
      width.multipliedReportingOverflow(by: heads).partialValue != config["hidden_size"]?.wholeNumber
    {
      throw refusal(
        config, "head_dim", .integer(width), "\(architecture.name)'s heads share hidden_size among themselves")
    }
    guard architecture.family == .opt else { return }
    try refuse("word_embed_proj_dim", "projections between embeddings and layers of another width are not counted") {
      $0 == config["hidden_size"]
    }
    try refuse("do_layer_norm_before", "norms behind attention and MLP are not counted") { $0 == .bool(true) }
    try refuse("layer_norm_elementwise_affine", "norms without weights are not counted") { $0 == .bool(true) }
    try refuse("_remove_final_layer_norm", "a model without its final norm is not counted") { !isActive($0) }
  }

  private static func checkBiases(_ config: JSONObject, _ architecture: Architecture) throws(InputError) {
    for (key, rule) in [("attention_bias", architecture.queryKeyValueBias), ("mlp_bias", architecture.mlpBias)] {
      guard rule.key != key, let value = config[key], isActive(value) else { continue }
      // Qwen2's q, k and v always have biases, which is what the key would say; its output projection has none.
      if rule == .always { continue }
      throw refusal(config, key, value, "\(architecture.name) has no such bias")
    }
  }

  private static func checkLayerTypes(_ config: JSONObject) throws(InputError) {
    guard let value = config["layer_types"] else { return }
    let layers = try config.positiveInteger("num_hidden_layers")
    if case .array(let types) = value, types.allSatisfy({ $0 == .string("full_attention") }),
      UInt64(types.count) == layers
    {
      return
    }
    throw refusal(config, "layer_types", value, "layers that differ in their attention are not counted")
  }

  private static func checkRotaryFraction(_ config: JSONObject) throws(InputError) {
    for holder in [config, try? config.object("rope_parameters"), try? config.object("rope_scaling")] {
      guard let holder, let value = holder["partial_rotary_factor"], value.number != 1 else { continue }
      throw .unsupportedKey(
        file: config.file, key: holder.keyPath("partial_rotary_factor"), value: value.summary,
        reason: "rotary embedding of a part of a head is not counted")
    }
  }

  private static func checkSlidingWindow(_ config: JSONObject, _ architecture: Architecture) throws(InputError) {
    let reason = "sliding-window attention is not counted; `--set sliding_window=null` counts full attention"
    let isSwitchedOff = try config.bool("use_sliding_window") == false
    switch architecture.slidingWindow {
    case .none, .byNumber:
      if let window = config["sliding_window"], !isSwitchedOff {
        throw refusal(config, "sliding_window", window, reason)
      }
      if architecture.slidingWindow == .byNumber, config.members["sliding_window"] == nil, !isSwitchedOff {
        throw .missingKey(
          file: config.file, key: config.keyPath("sliding_window"),
          expected:
            "null or a number (absent, \(architecture.name) assumes a window of 4096; `--set sliding_window=null` counts full attention)"
        )
      }
    case .bySwitch:
      if let value = config["use_sliding_window"], value == .bool(true) {
        throw refusal(
          config, "use_sliding_window", value,
          "sliding-window attention is not counted; `--set use_sliding_window=false` counts full attention")
      }
    }
  }

  /// null, false, 0 and empty lists and objects switch a feature off.
  private static func isActive(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .bool(false), .integer(0), .array([]), .object([:]): false
    case .number(let number): number != 0
    default: true
    }
  }

  private static func refusal(_ config: JSONObject, _ key: String, _ value: JSONValue, _ reason: String) -> InputError {
    .unsupportedKey(file: config.file, key: config.keyPath(key), value: value.summary, reason: reason)
  }
}
