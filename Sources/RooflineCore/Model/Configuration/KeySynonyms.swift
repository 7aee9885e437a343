/// Names under which a fact would be passed over though it is meant to decide a count: slips of the pen, other libraries' words.
///
/// The fact's default would stand in its place, silently: a `num_key_value_head` makes eight times the KV cache.
enum KeySynonyms {
  /// Other libraries' names for facts that have defaults.
  private static let others: [String: [String]] = [
    "num_key_value_heads": [
      "n_kv_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num", "num_query_groups", "kv_heads", "n_kv_head",
      "num_key_value_groups", "attention_head_kv", "kv_n_heads", "num_heads_kv",
    ],
    "head_dim": ["d_head", "head_size", "attention_head_dim", "attention_head_size", "kv_channels"],
    "tie_word_embeddings": ["tie_embeddings", "share_embeddings"],
  ]

  /// Facts with two names, either of which states them.
  private static let pairs = [["hidden_act", "hidden_activation"], ["torch_dtype", "dtype"]]

  /// Facts that classes have under different keys.
  private static let classes = [
    ["intermediate_size", "ffn_dim"], ["hidden_act", "activation_function", "hidden_activation"],
    ["attention_bias", "enable_bias"],
  ]

  /// The keys to set instead of one that a class does not read.
  static func instead(of key: String, among settable: Set<String>) -> [String] {
    let same = classes.first { $0.contains(key) } ?? []
    let named = same.filter { $0 != key && settable.contains($0) }
    return named.isEmpty ? Spelling.nearest(to: key, among: settable.sorted()) : named
  }

  /// Throws where an unknown key is meant as one that the family reads and the file does not state.
  static func requireNoSlip(_ key: String, _ keys: ConfigurationKeys) throws(InputError) {
    for fact in keys.asked.sorted() where isAbsent(fact, keys) {
      guard others[fact]?.contains(key) == true || Spelling.isSlip(key, of: fact) else { continue }
      throw .unknownKey(file: keys.text.file, key: keys.text.keyPath(key), nearest: [fact])
    }
  }

  private static func isAbsent(_ fact: String, _ keys: ConfigurationKeys) -> Bool {
    let names = pairs.first { $0.contains(fact) } ?? [fact]
    return names.allSatisfy { keys.text.members[$0] == nil && keys.outer.members[$0] == nil }
  }
}
