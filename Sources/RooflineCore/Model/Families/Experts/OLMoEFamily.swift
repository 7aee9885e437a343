/// OLMoE: Llama with norms over the whole width of queries and of keys, and routed experts in every layer; a softmax over all.
enum OLMoEFamily: ArchitectureFamily {
  static let modelTypes = ["olmoe"]
  static let architectures = ["OlmoeForCausalLM"]
  // Clipping compares.
  static let harmlessKeys: Set<String> = ["clip_qkv"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, mayOmitKeyValueHeads: true)
    try parts.readBias(&keys)
    parts.attention.hasQueryKeyNorm = true
    parts.attention.normForm = .wholeWidth
    let (experts, chosen) = try keys.experts("num_experts", chosen: "num_experts_per_tok")
    return parts.model(
      mlp: .routed(
        RoutedExperts(
          experts: experts, chosen: chosen, width: parts.intermediate,
          router: .init(scoring: .softmax, renormalises: try keys.flag("norm_topk_prob", assumed: false)))))
  }
}
