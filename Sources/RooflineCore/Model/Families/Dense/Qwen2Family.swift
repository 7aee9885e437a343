/// Qwen2 and Qwen2.5, and the text parts of Qwen2-VL and Qwen2.5-VL: biases on q, k and v whatever the file says; windows only where `use_sliding_window` switches them on, then
/// from layer `max_window_layers` on.
enum Qwen2Family: ArchitectureFamily {
  static let modelTypes = ["qwen2", "qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text"]
  static let architectures = [
    "Qwen2ForCausalLM", "Qwen2VLForConditionalGeneration", "Qwen2_5_VLForConditionalGeneration",
  ]
  // The class has its biases without a key; some files speak of them. Turning angles by three axes changes no count, and a tower is no part
  // of the text's, whether or not the text's keys stand in a part of their own.
  static let harmlessKeys: Set<String> = ["attention_bias", "mrope_section", "vision_token_id", "vision_config"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys)
    parts.attention.hasQueryKeyValueBias = true
    let kinds = try keys.switchedWindows(layers: parts.layers)
    return parts.model(mlp: .gated(GatedMLP(intermediateSize: parts.intermediate)), kinds: kinds)
  }
}

extension ConfigurationKeys {
  /// Which layers see a window in classes with `use_sliding_window`: those of `layer_types`, else those from
  /// `max_window_layers` on; nil where the switch is off.
  mutating func switchedWindows(layers: UInt64) throws(InputError) -> LayerKinds? {
    let isOn = try flag("use_sliding_window", assumed: false)
    let types = try layerTypes(["full_attention", "sliding_attention"], layers: layers)
    let window = try integer("sliding_window")
    if let types, types.contains("sliding_attention") {
      guard let window, isOn else {
        throw text.wrong(
          "layer_types", .string("sliding_attention"), "no such layer without use_sliding_window and sliding_window")
      }
      return LayerKinds(window: window, isWindowed: types.map { $0 == "sliding_attention" })
    }
    guard isOn, let window, types == nil else { return nil }
    let first = try integer("max_window_layers", assumed: 28)
    try requireListable(layers)
    return LayerKinds(window: window, isWindowed: (0..<layers).map { $0 >= first })
  }
}
