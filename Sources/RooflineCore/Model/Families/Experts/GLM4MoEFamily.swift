/// GLM-4.5 and 4.6: dense layers first, then routed experts behind a sigmoid router with a correction bias, and shared ones;
/// biases of q, k and v, norms of queries and keys, rotary embedding of half of each head, where the file says so.
enum GLM4MoEFamily: ArchitectureFamily {
  static let modelTypes = ["glm4_moe"]
  static let architectures = ["Glm4MoeForCausalLM"]
  // Draft layers are no part of the text model's totals; groups of experts limit the choice and change no count.
  static let harmlessKeys: Set<String> = ["num_nextn_predict_layers", "n_group", "topk_group", "head_dim_total"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, turnsWholeHeads: false)
    parts.attention.hasQueryKeyValueBias = try keys.flag("attention_bias", assumed: false)
    parts.attention.hasQueryKeyNorm = try keys.flag("use_qk_norm", assumed: false)
    parts.attention.rotaryDim = try keys.rotaryDim(
      of: parts.attention.headDim, keys: ["partial_rotary_factor"], assumed: 0.5)
    let block = try keys.sigmoidExperts(
      "n_routed_experts", correction: "mlp.gate.e_score_correction_bias", shared: 1, renormalises: true)
    let dense = try keys.firstDense("first_k_dense_replace", layers: parts.layers)
    return parts.model(
      mlps: dense.map { $0 ? .gated(GatedMLP(intermediateSize: parts.intermediate)) : .routed(block) }, nil)
  }

  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    try .nextLayers(&keys, model, model.draftLayer)
  }
}

extension ConfigurationKeys {
  /// Routed experts behind a sigmoid router, with a shared expert as wide as `n_shared_experts` of them.
  ///
  /// - Parameters:
  ///   - shared: how many shared experts the class has where the file does not say.
  ///   - renormalises: whether it then divides the chosen experts' weights by their sum.
  mutating func sigmoidExperts(
    _ key: String, correction: StaticText, shared assumedShared: UInt64, renormalises: Bool
  ) throws(InputError) -> RoutedExperts {
    let (experts, chosen) = try experts(key, chosen: "num_experts_per_tok")
    let width = try required("moe_intermediate_size", "the width of an expert")
    let shared = try count("n_shared_experts", assumed: assumedShared)
    let (sharedWidth, isOverflow) = shared.multipliedReportingOverflow(by: width)
    guard !isOverflow, sharedWidth <= Count.limit else { throw .overflow(what: "n_shared_experts") }
    for key in ["scoring_func", "moe_router_activation_func"] {
      try require(key, .string("sigmoid"), "only a sigmoid router is counted for this architecture")
    }
    return RoutedExperts(
      experts: experts, chosen: chosen, width: width,
      router: .init(
        scoring: .sigmoid, correction: correction,
        renormalises: try flag("norm_topk_prob", assumed: renormalises),
        scales: try isScaling("routed_scaling_factor", assumed: 1)),
      shared: sharedWidth > 0 ? .init(width: sharedWidth) : nil)
  }

  /// A whole number that may be 0; absent or null is 0.
  mutating func count(_ key: String) throws(InputError) -> UInt64 { try wholeNumber(key) ?? 0 }

  /// The same where the class has so many by itself: null is 0.
  mutating func count(_ key: String, assumed: UInt64) throws(InputError) -> UInt64 {
    guard !isStated(key), assumed > 0 else { return try count(key) }
    assume(key, String(assumed))
    return assumed
  }

  /// Whether a factor is there that is not 1; null is 1.
  ///
  /// - Parameter assumed: the class's own, where the file has none.
  mutating func isScaling(_ key: String, assumed: Double) throws(InputError) -> Bool {
    if isStated(key) { return (try number(key) ?? 1) != 1 }
    if assumed != 1 { assume(key, "\(assumed)") }
    return assumed != 1
  }

  /// Which layers are dense: so many first ones.
  mutating func firstDense(_ key: String, layers: UInt64) throws(InputError) -> [Bool] {
    try requireListable(layers)
    let first = try count(key)
    guard first <= layers else {
      throw text.wrong(key, .integer(Int64(first)), "at most num_hidden_layers (\(layers))")
    }
    return (0..<layers).map { $0 < first }
  }

  /// A list of flags, one a layer: numbers that are 0 or 1.
  mutating func layerFlags(_ key: String, layers: UInt64) throws(InputError) -> [Bool]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value, UInt64(elements.count) >= layers else {
      throw text.wrong(key, value, "a 0 or 1 for each of the \(layers) layers")
    }
    var flags: [Bool] = []
    for element in elements.prefix(Int(layers)) {
      guard element == .integer(0) || element == .integer(1) else {
        throw text.wrong(key, element, "a 0 or 1 for each of the \(layers) layers")
      }
      flags.append(element == .integer(1))
    }
    return flags
  }
}
