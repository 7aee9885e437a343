/// gpt-oss: every layer routed experts with biases and a clamped activation; attention with biases and a sink a head, every
/// other layer with a window.
enum GPTOSSFamily: ArchitectureFamily {
  static let modelTypes = ["gpt_oss"]
  static let architectures = ["GptOssForCausalLM"]
  // A clamp compares; the activation is the class's own, whatever `hidden_act` says.
  static let harmlessKeys: Set<String> = ["swiglu_limit", "swiglu_alpha", "hidden_act"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, defaultHeadDim: 64, checksActivation: false)
    try parts.readBias(&keys, assumed: true)
    parts.attention.sinks = .whole("self_attn.sinks")
    let (experts, chosen) = try keys.experts("num_local_experts", chosen: "num_experts_per_tok")
    try keys.require(
      "experts_per_token", .integer(Int64(chosen)), "it is another name of num_experts_per_tok, and says something else"
    )
    let block = RoutedExperts(
      experts: experts, chosen: chosen, width: parts.intermediate, form: .gated(.swigluoai), hasBias: true,
      router: .init(
        scoring: .softmaxOfChosen, hasBias: true, renormalises: false, name: .tensor("mlp.router")),
      names: .init(first: .stacked("mlp.experts.gate_up_proj"), down: .stacked("mlp.experts.down_proj")))
    let window = try keys.integer("sliding_window", assumed: 128)
    let types = try keys.layerTypes(["full_attention", "sliding_attention"], layers: parts.layers)
    try keys.requireListable(parts.layers)
    // transformers' own list where the file has none: a window in the first layer and every second one after it.
    let isWindowed =
      types?.map { $0 == "sliding_attention" } ?? (0..<parts.layers).map { $0.isMultiple(of: 2) }
    return parts.model(
      mlps: isWindowed.map { _ in .routed(block) }, LayerKinds(window: window, isWindowed: isWindowed))
  }
}
