/// Arcee's AFM: Llama with a two-matrix MLP whose activation is a squared relu.
enum ArceeFamily: ArchitectureFamily {
  static let modelTypes = ["arcee"]
  static let architectures = ["ArceeForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, mayOmitKeyValueHeads: true, checksActivation: false)
    try parts.readBias(&keys)
    try keys.require("hidden_act", .string("relu2"), "of its MLP only that with relu2 is counted")
    return parts.model(
      mlp: .twoMatrix(
        TwoMatrixMLP(
          intermediateSize: parts.intermediate, activation: .squaredRelu,
          hasBias: try keys.flag("mlp_bias", assumed: false), up: .tensor("mlp.up_proj"),
          down: .tensor("mlp.down_proj"))))
  }
}
