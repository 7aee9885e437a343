/// Qwen1.5-MoE and Qwen2-MoE: Qwen2's attention, routed experts in every layer of `decoder_sparse_step` that `mlp_only_layers` does not name, a
/// softmax over all, and a shared expert behind a gate of its own.
enum Qwen2MoEFamily: ArchitectureFamily {
  static let modelTypes = ["qwen2_moe"]
  static let architectures = ["Qwen2MoeForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys)
    parts.attention.hasQueryKeyValueBias = try keys.flag("qkv_bias", assumed: true)
    let windows = try keys.switchedWindows(layers: parts.layers)
    let experts = try keys.qwenExperts(
      renormalises: try keys.flag("norm_topk_prob", assumed: false), names: RoutedExperts.Names())
    let isRouted = try keys.sparseSteps(layers: parts.layers)
    return parts.model(
      mlps: isRouted.map { $0 ? experts : .gated(GatedMLP(intermediateSize: parts.intermediate)) }, windows)
  }
}
