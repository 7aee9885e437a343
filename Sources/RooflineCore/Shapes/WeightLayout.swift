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
