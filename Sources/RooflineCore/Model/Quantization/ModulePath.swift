/// A module's name as lists of quantised modules and rows of models both can be brought to: `layers.3.mlp.experts.M.gate_proj`.
///
/// The same module has other first parts in other checkpoints (`model.`, `language_model.model.`, `backbone.`), other names for its
/// blocks (`ffn`, `block_sparse_moe`), and an expert's matrices are called `w1`, `w3`, `w2` as well.
package struct ModulePath: Hashable, Sendable {
  /// `M` stands for an expert's number.
  package let text: String
  /// The expert's number, where the name has one.
  let expert: UInt64?

  private static let roots: Set<Substring> = [
    "model", "language_model", "backbone", "transformer", "gpt_neox", "decoder",
  ]
  private static let blocks: [Substring: Substring] = [
    "ffn": "mlp", "block_sparse_moe": "mlp", "feed_forward": "mlp", "moe": "mlp", "attn": "self_attn",
    "attention": "self_attn",
  ]
  private static let matrices: [Substring: Substring] = ["w1": "gate_proj", "w3": "up_proj", "w2": "down_proj"]

  package init(_ name: String) {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false)
    while parts.count > 1, Self.roots.contains(parts[0]) { parts.removeFirst() }
    var expert: UInt64?
    var isExpert = false
    for index in parts.indices {
      if let known = Self.blocks[parts[index]] { parts[index] = known }
      if isExpert, let known = Self.matrices[parts[index]] { parts[index] = known }
      guard index > 0, parts[index - 1] == "experts" || parts[index - 1] == "shared_experts" else { continue }
      isExpert = true
      if parts[index - 1] == "experts", let number = UInt64(parts[index]) {
        expert = number
        parts[index] = "M"
      } else if let known = Self.matrices[parts[index]] {
        parts[index] = known
      }
    }
    if parts == ["head"] { parts = ["lm_head"] }
    text = parts.joined(separator: ".")
    self.expert = expert
  }

  private init(text: String, expert: UInt64?) {
    self.text = text
    self.expert = expert
  }

  /// Whether it lies in one of the model's layers.
  var isInLayer: Bool { text.hasPrefix("layers.") }

  /// The number of its layer.
  var layer: UInt64? { isInLayer ? UInt64(text.dropFirst("layers.".count).prefix { $0 != "." }) : nil }

  /// The module that it lies in; nil at the top.
  var parent: ModulePath? {
    text.lastIndex(of: ".").map { ModulePath(text: String(text[..<$0]), expert: expert) }
  }

  /// The module that other names have for this one and its siblings together: engines join them.
  var joined: ModulePath? {
    let parts = [
      "q_proj": "qkv_proj", "k_proj": "qkv_proj", "v_proj": "qkv_proj", "gate_proj": "gate_up_proj",
      "up_proj": "gate_up_proj",
    ]
    guard let parent, let whole = parts[String(text.dropFirst(parent.text.count + 1))] else { return nil }
    return ModulePath(text: "\(parent.text).\(whole)", expert: expert)
  }

  /// What checkpoints that hold experts one by one have instead of a tensor of all of them.
  var expertParts: [ModulePath] {
    let parts = ["experts.gate_up_proj": ["gate_proj", "up_proj"], "experts.down_proj": ["down_proj"]]
    for (whole, matrices) in parts where text.hasSuffix(whole) {
      let first = text.dropLast(whole.count)
      return matrices.map { ModulePath(text: "\(first)experts.M.\($0)", expert: nil) }
    }
    return []
  }
}
