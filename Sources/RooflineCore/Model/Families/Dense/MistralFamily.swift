/// Mistral, and the text part of Mistral-3: Llama without biases, every layer with a sliding window where the file has a number for it.
enum MistralFamily: ArchitectureFamily {
  static let modelTypes = ["mistral", "ministral3"]
  static let architectures = ["MistralForCausalLM", "Mistral3ForConditionalGeneration", "Ministral3ForCausalLM"]
  // Of the image's way into the text.
  static let harmlessKeys: Set<String> = [
    "image_token_index", "multimodal_projector_bias", "projector_hidden_act", "spatial_merge_size",
    "vision_feature_layer",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys)
    if try keys.bool("use_sliding_window") != false {
      if keys.isStatedWindow {
        parts.attention.window = try keys.integer("sliding_window")
      } else {
        parts.attention.window = try keys.integer("sliding_window", assumed: 4096)
      }
    } else {
      _ = keys.value("sliding_window")
    }
    return parts.model(mlp: .gated(GatedMLP(intermediateSize: parts.intermediate)))
  }
}

extension ConfigurationKeys {
  /// Whether the file speaks of the window, be it with null: without a word the class has its own.
  fileprivate var isStatedWindow: Bool { text.members["sliding_window"] != nil }
}
