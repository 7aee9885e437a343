/// Whose names a listing of weights uses.
package enum WeightLayout: String, Hashable, Sendable, CaseIterable {
  /// transformers' `LlamaForCausalLM`: `model.layers.0.self_attn.q_proj.weight`.
  case huggingFace
  /// lite_llama's own model: `layers.0.attention.q_proj_weight`.
  case liteLlama

  private static let liteLlamaNames = [
    "tok_embeddings.weight": "model.embed_tokens.weight", "norm_weight": "model.norm.weight",
    "lm_head_weight": "lm_head.weight",
  ]
  private static let liteLlamaNorms = [
    "input_layernorm_weight": "input_layernorm.weight", "post_attention_weight": "post_attention_layernorm.weight",
  ]
  private static let liteLlamaBlocks = ["attention": "self_attn", "feed_forward": "mlp"]

  /// Names of the head.
  static let heads = ["lm_head.weight", "embed_out.weight"]

  /// The layout a name belongs to; nil where it could be anyone's.
  init?(of name: String) {
    if name.hasPrefix("model.") || name.hasPrefix("gpt_neox.") || Self.heads.contains(name) {
      self = .huggingFace
    } else if name.hasPrefix("layers.") || Self.liteLlamaNames[name] != nil {
      self = .liteLlama
    } else {
      return nil
    }
  }

  /// A tensor's name in this layout; nil where it has none.
  package func name(of name: WeightName) -> String? {
    switch self {
    case .huggingFace: return name.full
    case .liteLlama:
      if let own = Self.liteLlamaNames.first(where: { $0.value == name.template })?.key { return own }
      guard let layer = name.layer, name.expert == nil, name.template.hasPrefix("model.layers.N.") else { return nil }
      let parts = name.template.dropFirst("model.layers.N.".count).split(separator: ".").map(String.init)
      let rest = parts.joined(separator: ".")
      if let norm = Self.liteLlamaNorms.first(where: { $0.value == rest })?.key { return "layers.\(layer).\(norm)" }
      guard parts.count == 3, let block = Self.liteLlamaBlocks.first(where: { $0.value == parts[0] })?.key else {
        return nil
      }
      return "layers.\(layer).\(block).\(parts[1])_\(parts[2])"
    }
  }

  /// Tensors in the order in which the layout's program lists them: what it registers first comes first.
  package func sorted<Tensor>(_ tensors: [Tensor], by name: (Tensor) -> WeightName) -> [Tensor] {
    tensors.enumerated().sorted { left, right in
      let (a, b) = (name(left.element), name(right.element))
      let keys = (key(a), key(b))
      return keys.0 == keys.1 ? left.offset < right.offset : keys.0.lexicographicallyPrecedes(keys.1)
    }.map(\.element)
  }

  /// Before the layers, in a layer by its part, behind them.
  private func key(_ name: WeightName) -> [UInt64] {
    guard let layer = name.layer else {
      switch self {
      case .huggingFace: return [Self.isBehindLayers(name.template) ? 2 : 0]
      case .liteLlama:
        let order = ["model.norm.weight", "lm_head.weight", "model.embed_tokens.weight"]
        return [0, UInt64(order.firstIndex(of: name.template) ?? order.count)]
      }
    }
    let parts =
      self == .huggingFace
      ? [".self_attn.", ".mlp.", ".input_layernorm."]
      : [".post_attention_layernorm.", ".input_layernorm.", ".self_attn.", ".mlp."]
    return [1, layer, UInt64(parts.firstIndex { name.template.contains($0) } ?? parts.count)]
  }

  private static func isBehindLayers(_ template: String) -> Bool {
    heads.contains(template) || template.contains("norm.") || template.contains("norm_f.")
  }

  /// The Hugging Face name of a tensor; one that has none keeps its own.
  static func huggingFaceName(of name: String) -> WeightName {
    if let known = liteLlamaNames[name] { return WeightName(known) }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 2, parts[0] == "layers" else { return WeightName(name) }
    if parts.count == 3, let norm = liteLlamaNorms[parts[2]] { return WeightName("model.layers.\(parts[1]).\(norm)") }
    if parts.count == 4, let block = liteLlamaBlocks[parts[2]] {
      for kind in ["weight", "bias"] where parts[3].hasSuffix("_\(kind)") {
        return WeightName("model.layers.\(parts[1]).\(block).\(parts[3].dropLast(kind.count + 1)).\(kind)")
      }
    }
    return WeightName(name)
  }
}
