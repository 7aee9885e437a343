/// Mistral, and the text part of Mistral-3: Llama without biases, every layer with a sliding window where the file has a number for it.
enum MistralFamily: ArchitectureFamily {
  static let modelTypes = ["mistral"]
  static let architectures = ["MistralForCausalLM", "Mistral3ForConditionalGeneration"]
  // Of the image's way into the text.
  static let harmlessKeys: Set<String> = [
    "image_token_index", "multimodal_projector_bias", "projector_hidden_act", "spatial_merge_size",
    "vision_feature_layer",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    // Without a word in the file the class has a window of its own; null is none.
    try .mistral(DenseParts(&keys), &keys, assumedWindow: 4096)
  }
}

/// Ministral-3: Mistral with heads of its own width and no window unless the file has one. Its queries are scaled by their place beyond the
/// first context; like Llama-4's, that scaling is not counted, a product an element of the queries.
enum Ministral3Family: ArchitectureFamily {
  static let modelTypes = ["ministral3"]
  static let architectures = ["Ministral3ForCausalLM"]
  static let harmlessKeys = MistralFamily.harmlessKeys

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    try .mistral(DenseParts(&keys, defaultHeadDim: 128), &keys, assumedWindow: nil)
  }
}

extension DecoderModel {
  fileprivate static func mistral(
    _ parts: DenseParts, _ keys: inout ConfigurationKeys, assumedWindow: UInt64?
  ) throws(InputError) -> DecoderModel {
    var parts = parts
    if try keys.bool("use_sliding_window") == false {
      _ = keys.value("sliding_window")
    } else if let assumedWindow, !keys.isStated("sliding_window") {
      parts.attention.window = try keys.integer("sliding_window", assumed: assumedWindow)
    } else {
      parts.attention.window = try keys.integer("sliding_window")
    }
    return parts.model(mlp: .gated(GatedMLP(intermediateSize: parts.intermediate)))
  }
}
