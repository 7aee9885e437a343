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

  /// Each layer a module: names of its own beside the layer's.
  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    let count = try keys.draftCount(["num_nextn_predict_layers"])
    guard count > 0, let layer = model.groups.last else { return .notStated }
    return .modules(
      DraftModules(
        count: count,
        decoder: model.draft(
          DraftEntry(
            .joined(.tensor("model.mtp_layers.N.input_proj")), embeddingNorm: "model.mtp_layers.N.token_layernorm",
            hiddenNorm: "model.mtp_layers.N.hidden_layernorm"), layers: [layer],
          norm: "model.mtp_layers.N.final_layernorm", prefix: "model.mtp_layers.")))
  }
}
