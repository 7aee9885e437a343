/// DeepSeek-V3.2: DeepSeek-V3 whose attention reads the keys that an indexer in each layer chooses.
enum DeepseekV32Family: ArchitectureFamily {
  static let modelTypes = ["deepseek_v32"]
  static let architectures = ["DeepseekV32ForCausalLM"]
  static let checkpoints = CheckpointHabits(draftCopiesTables: true)
  static let harmlessKeys = LatentParts.harmlessKeys

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try LatentParts(&keys, .deepseekV3)
    parts.selection = try keys.indexedSelection(parts.attention)
    return parts.model(try parts.layers(&keys))
  }

  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    try .nextLayers(&keys, model, model.draftLayer)
  }
}

/// GLM-5: DeepSeek-V3.2 at other widths; from 5.2 on, most layers read the indices of the last one that has an indexer.
enum GLMMoEDSAFamily: ArchitectureFamily {
  static let modelTypes = ["glm_moe_dsa"]
  static let architectures = ["GlmMoeDsaForCausalLM"]
  static let checkpoints = CheckpointHabits(draftCopiesTables: true)
  static let harmlessKeys = LatentParts.harmlessKeys.union(["indexer_rope_interleave", "index_share_for_mtp_iteration"])

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try LatentParts(
      &keys, .init(scoring: .sigmoid, queryRank: 2048, sharedExperts: 1, scale: 2.5))
    parts.selection = try keys.indexedSelection(parts.attention)
    var layers = try parts.layers(&keys)
    let own = try keys.ownIndexers(layers: UInt64(layers.count))
    for index in layers.indices { layers[index].hasIndexer = own[index] }
    return parts.model(layers)
  }

  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    try .nextLayers(&keys, model, model.draftLayer)
  }
}

extension ConfigurationKeys {
  fileprivate mutating func indexedSelection(_ attention: LatentAttention) throws(InputError) -> IndexedSelection {
    guard attention.queryRank != nil else {
      throw .missingKey(
        file: text.file, key: text.keyPath("q_lora_rank"),
        expected: "the width of the queries' latent, which the indexer reads, a whole number of at least 1")
    }
    let heads = try required("index_n_heads", "the indexer's heads")
    let width = try required("index_head_dim", "the width of an indexer's head")
    guard width.nonzeroBitCount == 1, width >= attention.ropeDim else {
      throw text.wrong(
        "index_head_dim", .integer(Int64(width)),
        "a power of two, at least qk_rope_head_dim (\(attention.ropeDim)): the indexer's rows are turned and transformed"
      )
    }
    return IndexedSelection(
      kept: try required("index_topk", "the number of keys that an indexer chooses"),
      indexer: .init(heads: heads, width: width, rotaryDim: attention.ropeDim))
  }

  /// Which layers have an indexer of their own: those that `indexer_types` calls full, else the first ones and every so many
  /// after them.
  fileprivate mutating func ownIndexers(layers: UInt64) throws(InputError) -> [Bool] {
    if let pattern = value("index_topk_pattern") {
      throw .unsupportedKey(
        file: text.file, key: text.keyPath("index_topk_pattern"), value: pattern.summary,
        reason: "indexers are read from indexer_types, or index_topk_freq and index_skip_topk_offset")
    }
    let frequency = try integer("index_topk_freq")
    let offset = try wholeNumber("index_skip_topk_offset")
    if let types = try strings("indexer_types") {
      for type in types where type != "full" && type != "shared" {
        throw text.wrong("indexer_types", .string(type), "\"full\" or \"shared\"")
      }
      guard UInt64(types.count) == layers, types.first == "full" else {
        throw text.wrong(
          "indexer_types", .array(types.map { .string($0) }),
          "one entry for each of the \(layers) layers, the first of them \"full\"")
      }
      return types.map { $0 == "full" }
    }
    let skipped = offset ?? 2
    return (0..<layers).map { ($0 + 1 > skipped ? $0 + 1 - skipped : 0).isMultiple(of: frequency ?? 1) }
  }
}
