/// Qwen3, and the text part of Qwen3-VL: Llama with norms of each head's queries and keys, biases where the file says so.
enum Qwen3Family: ArchitectureFamily {
  static let modelTypes = ["qwen3", "qwen3_vl_text", "qwen3_vl"]
  static let architectures = ["Qwen3ForCausalLM", "Qwen3VLForConditionalGeneration"]
  static let checkpoints = CheckpointHabits(blockScaleBits: 16)
  // Turns angles, not counts.
  static let harmlessKeys: Set<String> = ["mrope_section", "mrope_interleaved"]

  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart { .qwen(keys) }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, defaultHeadDim: 128)
    parts.attention.hasQueryKeyNorm = true
    try parts.readBias(&keys)
    // Qwen3-VL's class has no windows.
    let kinds = keys.outer.path == keys.text.path ? try keys.switchedWindows(layers: parts.layers) : nil
    return parts.model(mlp: .gated(GatedMLP(intermediateSize: parts.intermediate)), kinds: kinds)
  }
}
