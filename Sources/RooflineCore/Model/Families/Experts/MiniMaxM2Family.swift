/// MiniMax-M2: every layer routed experts behind a sigmoid router with a correction bias; norms over the whole width of queries
/// and of keys; rotary embedding of a part of each head.
enum MiniMaxM2Family: ArchitectureFamily {
  static let modelTypes = ["minimax_m2"]
  static let architectures = ["MiniMaxM2ForCausalLM"]
  // Draft layers are no part of the text model's totals.
  static let harmlessKeys: Set<String> = [
    "use_mtp", "mtp_transformer_layers", "num_mtp_modules", "rotary_dim_total", "layernorm_full_attention_beta",
    "layernorm_linear_attention_beta", "layernorm_mlp_beta", "shared_moe_mode", "max_model_len", "output_router_logits",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, defaultHeadDim: 128, turnsWholeHeads: false)
    if try keys.flag("use_qk_norm", assumed: true) {
      parts.attention.hasQueryKeyNorm = true
      try keys.require("qk_norm_type", .string("per_layer"), "only norms over the whole width are counted")
      parts.attention.normForm = .wholeWidth
    }
    parts.attention.rotaryDim = try keys.partialRotary(of: parts.attention.headDim)
    let (experts, chosen) = try keys.experts("num_local_experts", chosen: "num_experts_per_tok")
    try keys.require("scoring_func", .string("sigmoid"), "only a sigmoid router is counted for this architecture")
    try keys.require("shared_intermediate_size", .integer(0), "a shared expert is not counted for this architecture")
    if let types = try keys.layerFlags("attn_type_list", layers: parts.layers), types.contains(false) {
      throw keys.text.wrong("attn_type_list", .integer(0), "1 in every layer: softmax attention")
    }
    let hasCorrection = try keys.flag("use_routing_bias", assumed: true)
    return parts.model(
      mlp: .routed(
        RoutedExperts(
          experts: experts, chosen: chosen, width: parts.intermediate,
          router: .init(
            scoring: .sigmoid, correction: hasCorrection ? "block_sparse_moe.e_score_correction_bias" : nil,
            renormalises: true, scales: try keys.isScaling("routed_scaling_factor", assumed: 1),
            name: .tensor("block_sparse_moe.gate")),
          names: .init(
            first: .halves("block_sparse_moe.experts.M.w1", "block_sparse_moe.experts.M.w3"),
            down: .tensor("block_sparse_moe.experts.M.w2")))))
  }
}

extension ConfigurationKeys {
  /// Turned elements of a head: `rotary_dim`, or a share of the head under `partial_rotary_factor`; both say the same.
  mutating func partialRotary(of headDim: UInt64) throws(InputError) -> UInt64 {
    let stated = try integer("rotary_dim")
    guard let stated else { return try rotaryDim(of: headDim, keys: ["partial_rotary_factor"], assumed: 1) }
    guard stated <= headDim, stated.isMultiple(of: 2) else {
      throw text.wrong("rotary_dim", .integer(Int64(stated)), "an even number up to head_dim (\(headDim))")
    }
    if value("partial_rotary_factor") != nil {
      let share = try rotaryDim(of: headDim, keys: ["partial_rotary_factor"], assumed: 1)
      guard share == stated else {
        throw text.wrong("rotary_dim", .integer(Int64(stated)), "what partial_rotary_factor says (\(share))")
      }
    }
    return stated
  }
}
