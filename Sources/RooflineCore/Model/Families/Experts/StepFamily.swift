/// Step-3.7-Flash: windows in three layers of four, a gate for each head's output, norms of queries and keys; dense layers first,
/// then routed experts behind a sigmoid router with a correction bias, and a shared one.
///
/// As the flat file says: the real model's nested file has other heads in layers with a window, which is refused by its key.
enum StepFamily: ArchitectureFamily {
  static let modelTypes = ["step3p7", "step3p5"]
  static let architectures = ["Step3p7FlashForCausalLM", "Step3p5ForCausalLM"]
  static let harmlessKeys: Set<String> = ["num_nextn_predict_layers", "n_shared_experts", "moe_router_scaling_factor"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys)
    parts.attention.hasQueryKeyNorm = true
    parts.attention.headGate = .tensor("self_attn.g_proj")
    let window = try keys.required("sliding_window", "the keys that a layer with a window sees")
    let types = try keys.text.require(
      try keys.layerTypes(["full_attention", "sliding_attention"], layers: parts.layers), "layer_types",
      "full_attention or sliding_attention for each layer")
    let (experts, chosen) = try keys.experts("num_experts", chosen: "num_experts_per_tok")
    let width = try keys.required("moe_intermediate_size", "the width of an expert")
    let shared = try keys.count("share_expert_dim")
    try keys.require("scoring_func", .string("sigmoid"), "only a sigmoid router is counted for this architecture")
    let hasCorrection = try keys.flag("use_moe_router_bias", assumed: true)
    let block = RoutedExperts(
      experts: experts, chosen: chosen, width: width,
      router: .init(
        scoring: .sigmoid, correction: hasCorrection ? "moe.router_bias" : nil, renormalises: true,
        scales: try keys.isScaling("moe_router_scaling_factor"), name: .tensor("moe.gate")),
      shared: shared > 0
        ? .init(
          width: shared,
          names: .init(
            gate: .tensor("share_expert.gate_proj"), up: .tensor("share_expert.up_proj"),
            down: .tensor("share_expert.down_proj"))) : nil,
      names: .init(
        first: .halves("moe.experts.M.gate_proj", "moe.experts.M.up_proj"), down: .tensor("moe.experts.M.down_proj")))
    let dense = try keys.firstDense("first_k_dense_replace", layers: parts.layers)
    return parts.model(
      mlps: dense.map { $0 ? .gated(GatedMLP(intermediateSize: parts.intermediate)) : .routed(block) },
      LayerKinds(window: window, isWindowed: types.map { $0 == "sliding_attention" }))
  }
}
