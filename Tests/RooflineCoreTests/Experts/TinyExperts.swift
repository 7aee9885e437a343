import RooflineCore

/// Decoders with routed experts, whose dimensions cannot be mistaken for each other.
struct TinyExperts {
  let name: String
  let model: DecoderModel

  static let all: [TinyExperts] = [
    TinyExperts(name: "gated experts", model: model(plain)), TinyExperts(name: "shared experts", model: model(shared)),
    TinyExperts(name: "latent experts", model: model(latent)),
    TinyExperts(name: "experts behind a dense layer", model: model(shared, denseLayers: 1)),
  ]

  static let plain = RoutedExperts(
    experts: 5, chosen: 2, width: 12, router: .init(scoring: .softmax, renormalises: true))

  static let shared = RoutedExperts(
    experts: 6, chosen: 3, width: 20, form: .gated(.swigluoai), hasBias: true,
    router: .init(
      scoring: .sigmoid, hasBias: true, correction: "mlp.gate.e_score_correction_bias", renormalises: true,
      scales: true),
    shared: .init(width: 28, gate: .tensor("mlp.shared_expert_gate")),
    names: .init(first: .whole("mlp.experts.gate_up_proj"), down: .whole("mlp.experts.down_proj")))

  static let latent = RoutedExperts(
    experts: 7, chosen: 3, width: 16, form: .twoMatrix(.squaredRelu),
    router: .init(scoring: .sqrtSoftplus, renormalises: false), shared: .init(width: 24),
    latent: .init(
      size: 14, norm: .tensor("mlp.latent_norm"), down: .tensor("mlp.fc1_latent_proj"),
      up: .tensor("mlp.fc2_latent_proj")),
    names: .init(first: .tensor("mlp.experts.M.up_proj"), down: .tensor("mlp.experts.M.down_proj")))

  static func model(_ block: RoutedExperts, denseLayers: UInt64 = 0) -> DecoderModel {
    func group(_ name: StaticText, _ feedForward: FeedForward) -> LayerGroup {
      LayerGroup(
        name: name,
        mixer: .groupedQuery(GroupedQueryAttention(numHeads: 8, numKeyValueHeads: 4, headDim: 6, rotaryDim: 6)),
        feedForward: feedForward, residual: .preNorm, norms: LayerNormNames())
    }
    let dense = Array(repeating: group("dense", .gated(GatedMLP(intermediateSize: 44))), count: Int(denseLayers))
    return DecoderModel(
      hiddenSize: 34, embedding: EmbeddingBlock(vocabSize: 103),
      layers: dense + Array(repeating: group("experts", .routed(block)), count: 3), norm: .rms,
      head: HeadBlock(isTied: false), layerPrefix: "model.layers.")
  }
}
