/// MiMo-7B: Qwen2 whose q, k and v have biases where the file says so (and by default); its draft layers are no part of the text
/// model's totals.
enum MiMoFamily: ArchitectureFamily {
  static let modelTypes = ["mimo"]
  static let architectures = ["MiMoForCausalLM"]
  static let harmlessKeys: Set<String> = ["num_nextn_predict_layers", "use_mrope"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys)
    parts.attention.hasQueryKeyValueBias = try keys.flag("attention_bias", assumed: true)
    let kinds = try keys.switchedWindows(layers: parts.layers)
    return parts.model(mlp: .gated(GatedMLP(intermediateSize: parts.intermediate)), kinds: kinds)
  }
}
