/// Keys of a config.json that would be passed over though they are meant to decide a count: a class that another key
/// contradicts, a misspelt optional key, another library's name for a fact.
///
/// The fact's default would stand in their place, silently: a `num_key_value_head` makes eight times the KV cache.
enum MisreadKeys {
  static func check(_ config: JSONObject, _ architecture: Architecture) throws(InputError) {
    try checkModelType(config, architecture)
    for key in config.members.keys.sorted() where config[key] != nil && !isKnown(key) {
      guard let meant = absentFacts(config, architecture).first(where: { $0.isMeant(by: key) }) else { continue }
      throw .unknownKey(file: config.file, key: config.keyPath(key), nearest: [meant.keys[0]])
    }
  }

  /// Transformers chooses the class by `model_type`; `architectures` is what the checkpoint was saved from.
  private static func checkModelType(_ config: JSONObject, _ architecture: Architecture) throws(InputError) {
    guard let value = config["model_type"], value != .string(architecture.modelType) else { return }
    throw config.wrong(
      "model_type", value, "\"\(architecture.modelType)\", as `architectures` (\(architecture.name)) says")
  }

  private static func isKnown(_ key: String) -> Bool {
    ModelConfiguration.readKeys.contains(key) || RefusedKeys.knows(key) || neighbours.contains(key)
  }

  /// Keys of real files that are a letter or two away from one that decides a count, and mean something else.
  private static let neighbours: Set<String> = ["hidden_activation", "mup_bias", "rope_dim"]

  /// What may be said under several names, the first ours.
  private struct Fact {
    let keys: [String]
    let otherNames: [String]

    init(_ keys: [String], otherNames: [String] = []) {
      self.keys = keys
      self.otherNames = otherNames
    }

    func isMeant(by key: String) -> Bool {
      otherNames.contains(key) || keys.contains { Spelling.isSlip(key, of: $0) }
    }
  }

  private static let facts: [Fact] = [
    Fact(
      ["num_key_value_heads"],
      otherNames: [
        "n_kv_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num", "num_query_groups", "kv_heads", "n_kv_head",
        "num_key_value_groups", "attention_head_kv", "kv_n_heads", "num_heads_kv",
      ]),
    Fact(
      ["head_dim"], otherNames: ["d_head", "head_size", "attention_head_dim", "attention_head_size", "kv_channels"]),
    Fact(["tie_word_embeddings"], otherNames: ["tie_embeddings", "share_embeddings"]),
    Fact(["hidden_act", "hidden_activation"]), Fact(["torch_dtype", "dtype"]), Fact(["sliding_window"]),
    Fact(["use_sliding_window"]), Fact(["attention_bias"]), Fact(["mlp_bias"]), Fact(["enable_bias"]),
    Fact(["activation_function"]), Fact(["rotary_pct"]), Fact(["use_parallel_residual"]), Fact(["word_embed_proj_dim"]),
    Fact(["do_layer_norm_before"]), Fact(["layer_norm_elementwise_affine"]), Fact(["layer_types"]),
    Fact(["max_position_embeddings"]),
  ]

  /// Those that the class reads and the file does not state.
  private static func absentFacts(_ config: JSONObject, _ architecture: Architecture) -> [Fact] {
    facts.filter { fact in
      fact.keys.allSatisfy { config.members[$0] == nil }
        && fact.keys.contains { architecture.insteadOf($0, set: .bool(true)) == nil }
    }
  }
}
