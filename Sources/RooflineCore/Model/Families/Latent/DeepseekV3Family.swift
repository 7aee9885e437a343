/// DeepSeek-V3 and R1, and the text parts of Kimi-K2 and K2.5: latent attention, routed and shared experts after the first
/// layers.
enum DeepseekV3Family: ArchitectureFamily {
  static let modelTypes = ["deepseek_v3", "kimi_k2", "kimi_k25"]
  static let architectures = ["DeepseekV3ForCausalLM", "KimiK2ForCausalLM", "KimiK25ForConditionalGeneration"]
  static let checkpoints = CheckpointHabits(draftCopiesTables: true)
  static let harmlessKeys = LatentParts.harmlessKeys.union([
    "media_placeholder_token_id", "use_unified_vision_chunk", "video_placeholder",
  ])

  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart { .moonViT(keys) }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try LatentParts(&keys, .deepseekV3)
    // The checkpoints of the vision models hold the text part under a name of its own.
    parts.isNested = keys.outer.path != keys.text.path
    return parts.model(try parts.layers(&keys))
  }

  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    try .nextLayers(&keys, model, model.draftLayer)
  }
}

/// DeepSeek-V2: the same with a softmax over the experts, and in its small model queries without a latent.
enum DeepseekV2Family: ArchitectureFamily {
  static let modelTypes = ["deepseek_v2"]
  static let architectures = ["DeepseekV2ForCausalLM"]
  static let harmlessKeys = LatentParts.harmlessKeys

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let parts = try LatentParts(
      &keys, .init(scoring: .softmax, queryRank: 1536, sharedExperts: 2, scale: 1))
    return parts.model(try parts.layers(&keys))
  }
}

/// GLM-4.7-Flash: DeepSeek-V3's layers at other widths.
enum GLM4MoELiteFamily: ArchitectureFamily {
  static let modelTypes = ["glm4_moe_lite"]
  static let architectures = ["Glm4MoeLiteForCausalLM"]
  static let harmlessKeys = LatentParts.harmlessKeys

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let parts = try LatentParts(
      &keys, .init(scoring: .sigmoid, queryRank: 768, sharedExperts: 1, scale: 1.8))
    return parts.model(try parts.layers(&keys))
  }

  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    try .nextLayers(&keys, model, model.draftLayer)
  }
}
