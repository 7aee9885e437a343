/// Mistral: Llama without biases, every layer with a sliding window where the file has a number for it.
enum MistralFamily: ArchitectureFamily {
  static let modelTypes = ["mistral"]
  static let architectures = ["MistralForCausalLM"]

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
