/// DeepSeek-V4: one cached row a token, compressed behind a window; several residual streams; routed experts in every layer, the
/// first layers' chosen by a table of tokens.
enum DeepseekV4Family: ArchitectureFamily {
  static let modelTypes = ["deepseek_v4", "deepseek_ref"]
  static let architectures = ["DeepseekV4ForCausalLM"]
  static let checkpoints = CheckpointHabits(roundedScaleBits: 8, hasExpertDType: true)
  // A clamp compares; prediction layers stand beside the text's; the experts' format is the checkpoint's.
  static let harmlessKeys: Set<String> = [
    "swiglu_limit", "hc_eps", "compress_rope_theta", "expert_dtype", "num_nextn_predict_layers", "attention_bias",
    "intermediate_size",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    let layers = try keys.required("num_hidden_layers", "the number of layers")
    try keys.requireListable(layers)
    try keys.requireSilu()
    let attention = try attention(&keys)
    let ratios = try keys.compressRatios(layers: layers)
    let indexer = try indexer(&keys)
    let hashed = try keys.count("num_hash_layers", assumed: 3)
    let experts = try experts(&keys)
    let residual = HyperConnections(
      streams: try keys.required("hc_mult", "the number of residual streams"),
      iterations: try keys.required("hc_sinkhorn_iters", "iterations that normalise the streams' mixing matrix"))
    let groups = ratios.enumerated().map { index, ratio in
      var mixer = attention
      mixer.compressor = ratio.compressor(indexer)
      var block = experts
      let isHashed = UInt64(index) < hashed
      if isHashed { block.router.correction = nil }
      return LayerGroup(
        name: ratio.name(isHashed: isHashed), mixer: .compressed(mixer), feedForward: .routed(block),
        residual: .hyper(residual), norms: LayerNormNames())
    }
    var head = HeadBlock(isTied: try keys.tiesWordEmbeddings(assumed: false))
    head.streams = residual
    return DecoderModel(
      hiddenSize: hidden,
      embedding: EmbeddingBlock(vocabSize: try keys.required("vocab_size", "the number of tokens")), layers: groups,
      norm: .rms, head: head, layerPrefix: "model.layers.")
  }

  /// Products of the embedding and of every stream, a layer without compression, its own sum of the streams.
  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    let count = try keys.draftCount(["num_nextn_predict_layers"])
    guard count > 0, var layer = model.groups.last, case .compressed(var mixer)? = layer.mixer,
      case .routed(var experts)? = layer.feedForward, let streams = model.head.streams?.streams
    else { return .notStated }
    mixer.compressor = nil
    layer.mixer = .compressed(mixer)
    // A table of tokens chooses in the first layers only.
    experts.router.correction = "mlp.gate.e_score_correction_bias"
    layer.feedForward = .routed(experts)
    return .modules(
      DraftModules(
        count: count,
        decoder: model.draft(
          DraftEntry(
            .added(
              embedding: .tensor("model.layers.N.e_proj"), hidden: .tensor("model.layers.N.h_proj"), streams: streams)),
          layers: [layer], norm: "model.layers.N.shared_head.norm")))
  }

  private static func attention(_ keys: inout ConfigurationKeys) throws(InputError) -> CompressedAttention {
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let headDim = try keys.required("head_dim", "the width of a head, and of a token's cached row")
    let rotaryDim = try keys.required("qk_rope_head_dim", "turned elements of a head")
    guard rotaryDim <= headDim, rotaryDim.isMultiple(of: 2) else {
      throw keys.text.wrong(
        "qk_rope_head_dim", .integer(Int64(rotaryDim)), "an even number of at most head_dim (\(headDim))")
    }
    if let keyValueHeads = try keys.integer("num_key_value_heads"), keyValueHeads != 1 {
      throw keys.text.wrong("num_key_value_heads", .integer(Int64(keyValueHeads)), "1: all heads share a row")
    }
    let groups = try keys.required("o_groups", "groups of heads that are projected by themselves")
    guard heads.isMultiple(of: groups) else {
      throw keys.text.wrong("o_groups", .integer(Int64(groups)), "a divisor of num_attention_heads (\(heads))")
    }
    return CompressedAttention(
      numHeads: heads, headDim: headDim,
      queryRank: try keys.required("q_lora_rank", "the width of the queries' latent"), rotaryDim: rotaryDim,
      window: try keys.required("sliding_window", "tokens that a query sees uncompressed"), outputGroups: groups,
      outputRank: try keys.required("o_lora_rank", "the width of a group's output"), compressor: nil)
  }

  private static func indexer(_ keys: inout ConfigurationKeys) throws(InputError) -> CompressedAttention.Indexer {
    CompressedAttention.Indexer(
      heads: try keys.required("index_n_heads", "the indexer's heads"),
      width: try keys.required("index_head_dim", "the width of an indexer's head"),
      kept: try keys.required("index_topk", "the number of entries that an indexer chooses"))
  }

  private static func experts(_ keys: inout ConfigurationKeys) throws(InputError) -> RoutedExperts {
    let scoring = try keys.string("scoring_func")
    guard scoring == nil || scoring == "sqrtsoftplus" else {
      throw keys.text.wrong("scoring_func", .string(scoring ?? ""), "\"sqrtsoftplus\"")
    }
    let method = try keys.string("topk_method")
    guard method == nil || method == "noaux_tc" else {
      throw keys.text.wrong("topk_method", .string(method ?? ""), "\"noaux_tc\"")
    }
    let (experts, chosen) = try keys.experts("n_routed_experts", chosen: "num_experts_per_tok")
    let width = try keys.required("moe_intermediate_size", "the width of an expert")
    let (shared, overflow) = width.multipliedReportingOverflow(
      by: try keys.count("n_shared_experts", assumed: 1))
    guard !overflow else { throw .overflow(what: "the shared experts' width") }
    return RoutedExperts(
      experts: experts, chosen: chosen, width: width,
      router: .init(
        scoring: .sqrtSoftplus, correction: "mlp.gate.e_score_correction_bias",
        renormalises: try keys.flag("norm_topk_prob", assumed: true),
        scales: try keys.isScaling("routed_scaling_factor", assumed: 1.5)),
      shared: shared > 0 ? .init(width: shared) : nil,
      names: .init(first: .whole("mlp.experts.gate_up_proj"), down: .whole("mlp.experts.down_proj")))
  }
}

/// How a layer of DeepSeek-V4 compresses: `compress_ratios` says 0, 4 or 128.
private enum CompressRatio: UInt64 {
  case none = 0
  case four = 4
  case many = 128

  func compressor(_ indexer: CompressedAttention.Indexer) -> CompressedAttention.Compressor? {
    switch self {
    case .none: nil
    case .four: .init(tokensPerEntry: rawValue, overlaps: true, indexer: indexer)
    case .many: .init(tokensPerEntry: rawValue, overlaps: false, indexer: nil)
    }
  }

  func name(isHashed: Bool) -> StaticText {
    switch (self, isHashed) {
    case (.none, true): "window, hashed"
    case (.none, false): "window"
    case (.four, true): "ratio 4, hashed"
    case (.four, false): "ratio 4"
    case (.many, true): "ratio 128, hashed"
    case (.many, false): "ratio 128"
    }
  }
}

extension ConfigurationKeys {
  /// One ratio a layer; those behind belong to prediction layers.
  fileprivate mutating func compressRatios(layers: UInt64) throws(InputError) -> [CompressRatio] {
    guard let value = value("compress_ratios"), case .array(let elements) = value, UInt64(elements.count) >= layers
    else {
      throw .missingKey(
        file: text.file, key: text.keyPath("compress_ratios"),
        expected: "a list with 0, 4 or 128 for each of the \(layers) layers")
    }
    var ratios: [CompressRatio] = []
    for element in elements {
      guard let number = element.wholeNumber, number >= 0, let ratio = CompressRatio(rawValue: UInt64(number)) else {
        throw text.wrong("compress_ratios", element, "0, 4 or 128")
      }
      ratios.append(ratio)
    }
    return Array(ratios.prefix(Int(layers)))
  }
}
