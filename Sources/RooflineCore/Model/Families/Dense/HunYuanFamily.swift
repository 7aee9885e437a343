/// HunYuan, dense: Llama with norms of each head's queries and keys behind the rotary embedding.
enum HunYuanFamily: ArchitectureFamily {
  static let modelTypes = ["hunyuan_v1_dense"]
  static let architectures = ["HunYuanDenseV1ForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, mayOmitKeyValueHeads: true)
    try parts.readBias(&keys)
    try keys.require("use_qk_norm", .bool(true), "the class has norms of queries and keys whatever the file says")
    parts.attention.hasQueryKeyNorm = true
    parts.attention.normForm = .perHeadBehindRotary
    parts.attention.names.queryNorm = .tensor("self_attn.query_layernorm")
    parts.attention.names.keyNorm = .tensor("self_attn.key_layernorm")
    return parts.model(mlp: .gated(GatedMLP(intermediateSize: parts.intermediate)))
  }
}
