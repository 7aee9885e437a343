/// Seed-OSS: Llama with biases of q, k and v, and of the output and the MLP where the file says so.
enum SeedOSSFamily: ArchitectureFamily {
  static let modelTypes = ["seed_oss"]
  static let architectures = ["SeedOssForCausalLM"]
  // Of training.
  static let harmlessKeys: Set<String> = ["residual_dropout"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, defaultHeadDim: 128)
    parts.attention.hasQueryKeyValueBias = try keys.flag("attention_bias", assumed: true)
    parts.attention.hasOutputBias = try keys.flag("attention_out_bias", assumed: false)
    let mlpBias = try keys.flag("mlp_bias", assumed: false)
    return parts.model(mlp: .gated(GatedMLP(intermediateSize: parts.intermediate, hasBias: mlpBias)))
  }
}
