/// What decoders with latent attention and routed experts read alike: DeepSeek-V2, V3 and V3.2, Kimi-K2, GLM-4.7-Flash, GLM-5.
struct LatentParts {
  /// One layer, by what tells it from the others.
  struct Layer {
    var isRouted: Bool
    /// Whether it chooses its attention's keys itself.
    var hasIndexer = true
  }

  let hidden, layers: UInt64
  let attention: LatentAttention
  var selection: IndexedSelection?
  /// Whether the checkpoint's names begin with `language_model`.
  var isNested = false
  private let dense: GatedMLP
  private let experts: RoutedExperts
  private let vocabulary: UInt64
  private let isTied: Bool

  /// Latents make these say nothing: every head has its own keys, of other widths. Groups of experts limit the choice, and
  /// prediction layers stand beside the text's.
  static let harmlessKeys: Set<String> = [
    "num_key_value_heads", "head_dim", "n_group", "topk_group", "num_nextn_predict_layers", "moe_router_dtype",
  ]

  /// What a class has where the file does not say.
  struct Defaults {
    /// What it makes of a router's logits.
    let scoring: RoutedExperts.Router.Scoring
    /// The width of the queries' latent; null in the file is none.
    let queryRank: UInt64
    let sharedExperts: UInt64
    /// What the routed experts' sum is multiplied by.
    let scale: Double

    static let deepseekV3 = Defaults(scoring: .sigmoid, queryRank: 1536, sharedExperts: 1, scale: 2.5)
  }

  init(_ keys: inout ConfigurationKeys, _ defaults: Defaults) throws(InputError) {
    hidden = try keys.required("hidden_size", "the width of the residual stream")
    layers = try keys.required("num_hidden_layers", "the number of layers")
    try keys.requireListable(layers)
    attention = try LatentAttention(&keys, queryRank: defaults.queryRank)
    try keys.requireSilu()
    dense = GatedMLP(intermediateSize: try keys.required("intermediate_size", "the width of the dense layers' MLP"))
    experts = try RoutedExperts(latent: &keys, defaults)
    vocabulary = try keys.required("vocab_size", "the number of tokens")
    isTied = try keys.tiesWordEmbeddings(assumed: false)
  }

  /// Which layers have routed experts: those that `mlp_layer_types` calls sparse, else every `moe_layer_freq`th from
  /// `first_k_dense_replace` on.
  func layers(_ keys: inout ConfigurationKeys) throws(InputError) -> [Layer] {
    let first = try keys.wholeNumber("first_k_dense_replace")
    let step = try keys.integer("moe_layer_freq", assumed: 1)
    if let types = try keys.strings("mlp_layer_types") {
      for type in types where type != "dense" && type != "sparse" {
        throw keys.text.wrong("mlp_layer_types", .string(type), "\"dense\" or \"sparse\"")
      }
      guard UInt64(types.count) == layers else {
        throw keys.text.wrong(
          "mlp_layer_types", .array(types.map { .string($0) }), "one entry for each of the \(layers) layers")
      }
      return types.map { Layer(isRouted: $0 == "sparse") }
    }
    guard let first else {
      throw .missingKey(
        file: keys.text.file, key: keys.text.keyPath("first_k_dense_replace"),
        expected: "the number of layers before the first routed experts, a whole number")
    }
    return (0..<layers).map { Layer(isRouted: $0 >= first && $0.isMultiple(of: step)) }
  }

  func model(_ layers: [Layer]) -> DecoderModel {
    let areMixed = Set(layers.map(\.isRouted)).count > 1
    let indexersDiffer = Set(layers.map(\.hasIndexer)).count > 1
    let groups = layers.map { layer in
      var mixer = attention
      mixer.selection = selection
      if !layer.hasIndexer { mixer.selection?.indexer = nil }
      return LayerGroup(
        name: name(areMixed ? layer.isRouted : nil, indexersDiffer ? layer.hasIndexer : nil), mixer: .latent(mixer),
        feedForward: layer.isRouted ? .routed(experts) : .gated(dense), residual: .preNorm, norms: LayerNormNames())
    }
    return DecoderModel(
      hiddenSize: hidden,
      embedding: EmbeddingBlock(
        vocabSize: vocabulary, name: isNested ? "language_model.model.embed_tokens" : "model.embed_tokens"),
      layers: groups, norm: .rms,
      head: HeadBlock(
        isTied: isTied, name: isNested ? "language_model.lm_head" : "lm_head",
        normName: isNested ? "language_model.model.norm" : "model.norm"),
      layerPrefix: isNested ? "language_model.model.layers." : "model.layers.")
  }

  /// What tells a group from the others: nil of what is the same in all.
  private func name(_ isRouted: Bool?, _ hasIndexer: Bool?) -> StaticText {
    switch (isRouted, hasIndexer) {
    case (nil, nil): ""
    case (true?, nil): "experts"
    case (false?, nil): "dense"
    case (nil, true?): "indexer"
    case (nil, false?): "shared indices"
    case (true?, true?): "experts, indexer"
    case (true?, false?): "experts, shared indices"
    case (false?, true?): "dense, indexer"
    case (false?, false?): "dense, shared indices"
    }
  }
}

extension LatentAttention {
  /// Latent attention under the keys of transformers' classes.
  ///
  /// - Parameter queryRank: the class's own, where the file does not say.
  init(_ keys: inout ConfigurationKeys, queryRank assumed: UInt64) throws(InputError) {
    let nope = try keys.required("qk_nope_head_dim", "elements of a head's key that are its own")
    let rope = try keys.required("qk_rope_head_dim", "turned elements of a key")
    guard rope.isMultiple(of: 2) else {
      throw keys.text.wrong(
        "qk_rope_head_dim", .integer(Int64(rope)), "an even number: rotary embedding turns pairs of elements")
    }
    if let width = try keys.integer("qk_head_dim"), width.subtractingReportingOverflow(nope).partialValue != rope {
      throw keys.text.wrong(
        "qk_head_dim", .integer(Int64(width)), "qk_nope_head_dim + qk_rope_head_dim (\(nope) + \(rope))")
    }
    self.init(
      numHeads: try keys.required("num_attention_heads", "the number of query heads"),
      queryRank: keys.isStated("q_lora_rank")
        ? try keys.integer("q_lora_rank") : try keys.integer("q_lora_rank", assumed: assumed),
      latentRank: try keys.required("kv_lora_rank", "the width of the latent of keys and values"), nopeDim: nope,
      ropeDim: rope, valueDim: try keys.required("v_head_dim", "the width of a head's values"),
      hasBias: try keys.flag("attention_bias", assumed: false))
  }
}

extension RoutedExperts {
  /// DeepSeek's experts under the keys of transformers' classes.
  fileprivate init(latent keys: inout ConfigurationKeys, _ defaults: LatentParts.Defaults) throws(InputError) {
    let (experts, chosen) = try keys.experts("n_routed_experts", chosen: "num_experts_per_tok")
    let width = try keys.required("moe_intermediate_size", "the width of an expert")
    let scoring: Router.Scoring
    switch try keys.string("scoring_func") {
    case nil: scoring = defaults.scoring
    case "softmax"?: scoring = .softmax
    case "sigmoid"?: scoring = .sigmoid
    case .some(let other): throw keys.text.wrong("scoring_func", .string(other), "\"softmax\" or \"sigmoid\"")
    }
    let hasCorrection: Bool
    switch try keys.string("topk_method") {
    case nil: hasCorrection = scoring == .sigmoid
    case "greedy"?, "group_limited_greedy"?: hasCorrection = false
    case "noaux_tc"?: hasCorrection = true
    case .some(let other):
      throw keys.text.wrong("topk_method", .string(other), "\"greedy\", \"group_limited_greedy\" or \"noaux_tc\"")
    }
    let (sharedWidth, overflow) = width.multipliedReportingOverflow(
      by: try keys.count("n_shared_experts", assumed: defaults.sharedExperts))
    guard !overflow else { throw .overflow(what: "the shared experts' width") }
    self.init(
      experts: experts, chosen: chosen, width: width,
      router: .init(
        scoring: scoring, correction: hasCorrection ? "mlp.gate.e_score_correction_bias" : nil,
        renormalises: try keys.flag("norm_topk_prob", assumed: scoring == .sigmoid),
        scales: try keys.isScaling("routed_scaling_factor", assumed: defaults.scale)),
      shared: sharedWidth > 0 ? .init(width: sharedWidth) : nil)
  }
}

extension ConfigurationKeys {
  /// A whole number that may be 0; nil where the key is absent or null.
  mutating func wholeNumber(_ key: String) throws(InputError) -> UInt64? {
    guard let value = value(key) else { return nil }
    guard let number = value.wholeNumber, number >= 0 else { throw text.wrong(key, value, "a whole number") }
    return UInt64(number)
  }
}
