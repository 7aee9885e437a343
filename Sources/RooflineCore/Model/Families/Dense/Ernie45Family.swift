/// ERNIE 4.5, dense: Llama with biases everywhere where the file says so.
enum Ernie45Family: ArchitectureFamily {
  static let modelTypes = ["ernie4_5"]
  static let architectures = ["Ernie4_5ForCausalLM", "Ernie4_5_ForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, defaultHeadDim: 128, ties: true)
    let bias = try parts.readBias(&keys, key: "use_bias")
    return parts.model(mlp: .gated(GatedMLP(intermediateSize: parts.intermediate, hasBias: bias)))
  }
}
