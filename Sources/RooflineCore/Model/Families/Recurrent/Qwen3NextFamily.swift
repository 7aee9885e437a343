/// Qwen3-Next: Qwen3.5's layers with routed experts behind them, and the delta net's inputs in two tensors.
enum Qwen3NextFamily: ArchitectureFamily {
  static let modelTypes = ["qwen3_next"]
  static let architectures = ["Qwen3NextForCausalLM"]
  static let checkpoints = CheckpointHabits(blockScaleBits: 16)
  // Read where a layer has no experts.
  static let harmlessKeys = QwenHybridParts.harmlessKeys.union(["intermediate_size"])

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let parts = try QwenHybridParts(&keys, joinsProjections: true)
    try keys.requireSilu()
    let experts = try keys.qwenExperts(
      renormalises: try keys.flag("norm_topk_prob", assumed: true),
      names: RoutedExperts.Names())
    let isRouted = try keys.sparseSteps(layers: UInt64(parts.isFull.count))
    guard isRouted.contains(false) else { return parts.model { _ in experts } }
    let dense = FeedForward.gated(
      GatedMLP(intermediateSize: try keys.required("intermediate_size", "the width of layers without experts")))
    return parts.model { isRouted[$0] ? experts : dense }
  }

  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    try .qwenHybrid(&keys, model)
  }
}

/// Qwen3.5 and 3.6 with routed experts in every layer, stacked in the checkpoint.
enum Qwen35MoEFamily: ArchitectureFamily {
  static let modelTypes = ["qwen3_5_moe", "qwen3_5_moe_text"]
  static let architectures = ["Qwen3_5MoeForConditionalGeneration", "Qwen3_5MoeForCausalLM"]
  static let checkpoints = CheckpointHabits(blockScaleBits: 16)
  // Every layer has experts: no MLP is that wide.
  static let harmlessKeys = QwenHybridParts.harmlessKeys.union(["intermediate_size", "norm_topk_prob"])

  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart { .qwen(keys) }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let parts = try QwenHybridParts(&keys, joinsProjections: false)
    try keys.requireSilu()
    let dense = try keys.layerNumbers("mlp_only_layers", layers: UInt64(parts.isFull.count))
    guard dense.isEmpty else {
      throw keys.text.wrong(
        "mlp_only_layers", keys.text["mlp_only_layers"] ?? .null, "an empty list: the class has experts in every layer")
    }
    let experts = try keys.qwenExperts(
      renormalises: true,
      names: .init(first: .whole("mlp.experts.gate_up_proj"), down: .whole("mlp.experts.down_proj")))
    return parts.model { _ in experts }
  }

  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    try .qwenHybrid(&keys, model)
  }
}

extension ConfigurationKeys {
  /// A softmax over all experts, and a shared expert behind a gate of its own.
  mutating func qwenExperts(
    renormalises: Bool, names: RoutedExperts.Names
  ) throws(InputError) -> FeedForward {
    let (experts, chosen) = try experts("num_experts", chosen: "num_experts_per_tok")
    return .routed(
      RoutedExperts(
        experts: experts, chosen: chosen, width: try required("moe_intermediate_size", "the width of an expert"),
        router: .init(scoring: .softmax, renormalises: renormalises),
        shared: .init(
          width: try required("shared_expert_intermediate_size", "the width of the shared expert"),
          gate: .tensor("mlp.shared_expert_gate"),
          names: .init(
            gate: .tensor("mlp.shared_expert.gate_proj"), up: .tensor("mlp.shared_expert.up_proj"),
            down: .tensor("mlp.shared_expert.down_proj"))), names: names))
  }
}
