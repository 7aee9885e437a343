/// Qwen3-MoE, and the text part of Qwen3-VL-MoE: Qwen3 with routed experts in every layer of `decoder_sparse_step` that
/// `mlp_only_layers` does not name; a softmax over all experts.
enum Qwen3MoEFamily: ArchitectureFamily {
  static let modelTypes = ["qwen3_moe", "qwen3_vl_moe_text", "qwen3_vl_moe"]
  static let architectures = ["Qwen3MoeForCausalLM", "Qwen3VLMoeForConditionalGeneration"]
  static let checkpoints = CheckpointHabits(blockScaleBits: 16)
  // Turns angles, not counts.
  static let harmlessKeys: Set<String> = ["mrope_section", "mrope_interleaved"]

  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart { .qwen(keys) }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let isVision = keys.outer.path != keys.text.path
    var parts = try DenseParts(&keys)
    parts.attention.hasQueryKeyNorm = true
    try parts.readBias(&keys)
    let windows = isVision ? nil : try keys.switchedWindows(layers: parts.layers)
    let (experts, chosen) = try keys.experts("num_experts", chosen: "num_experts_per_tok")
    let block = RoutedExperts(
      experts: experts, chosen: chosen,
      width: try keys.required("moe_intermediate_size", "the width of an expert"),
      router: .init(scoring: .softmax, renormalises: try keys.flag("norm_topk_prob", assumed: isVision)),
      // The vision model's checkpoints stack the experts.
      names: isVision
        ? .init(first: .stacked("mlp.experts.gate_up_proj"), down: .stacked("mlp.experts.down_proj")) : .init())
    let isRouted = try keys.sparseSteps(layers: parts.layers)
    return parts.model(
      mlps: isRouted.map { $0 ? .routed(block) : .gated(GatedMLP(intermediateSize: parts.intermediate)) }, windows)
  }
}

extension ConfigurationKeys {
  /// Which layers have routed experts: every `decoder_sparse_step`th that `mlp_only_layers` does not name.
  mutating func sparseSteps(layers: UInt64) throws(InputError) -> [Bool] {
    try requireListable(layers)
    let step = try integer("decoder_sparse_step", assumed: 1)
    let dense = try layerNumbers("mlp_only_layers", layers: layers)
    return (0..<layers).map { ($0 + 1).isMultiple(of: step) && !dense.contains($0) }
  }

  /// A list of layers' numbers, from 0; empty where the key is absent.
  mutating func layerNumbers(_ key: String, layers: UInt64) throws(InputError) -> Set<UInt64> {
    guard let value = value(key) else { return [] }
    guard case .array(let elements) = value else { throw text.wrong(key, value, "a list of layers' numbers") }
    var numbers: Set<UInt64> = []
    for element in elements {
      guard let number = element.wholeNumber, number >= 0, UInt64(number) < layers else {
        throw text.wrong(key, element, "layers' numbers from 0 to \(layers - 1)")
      }
      numbers.insert(UInt64(number))
    }
    return numbers
  }
}
