/// The name of a row of the tables: that of a row of the forward pass, or of a gradient of one.
///
/// A block names its rows where it states them; the constants here are those that others speak of.
public struct OperatorName: Hashable, Sendable, ExpressibleByStringLiteral {
  private let base: StaticText
  /// Which gradient of the forward row it is; nil of a forward row, and of a row that only a backward pass has.
  package let gradient: GradientPart?

  /// A row's name as a literal, to compare with: `row.name == "q_proj"`. Nothing says whether a model has such a row.
  public init(stringLiteral value: StaticString) {
    base = StaticText(stringLiteral: value)
    gradient = nil
  }

  private init(_ base: StaticText, _ gradient: GradientPart?) {
    self.base = base
    self.gradient = gradient
  }

  /// The name as tables and JSON have it; a gradient's ends with what it is the gradient of, `q_proj_dx`.
  public var rawValue: String { gradient.map { "\(base)_\($0.rawValue)" } ?? "\(base)" }

  /// The row of the forward pass that a gradient belongs to; other rows are their own, and so are sums of several rows'
  /// gradients.
  package var forwardRow: OperatorName { gradient == .inputSum ? self : OperatorName(base, nil) }

  package func gradient(_ part: GradientPart) -> OperatorName { OperatorName(base, part) }
}

extension OperatorName {
  package static var embedding: Self { "embedding" }
  package static var embeddingAllReduce: Self { "embedding_all_reduce" }
  package static var embeddingReduceScatter: Self { "embedding_reduce_scatter" }
  package static var positionEmbedding: Self { "position_embedding" }
  package static var attnNorm: Self { "attn_norm" }
  package static var qProj: Self { "q_proj" }
  package static var kProj: Self { "k_proj" }
  package static var vProj: Self { "v_proj" }
  package static var qkvProj: Self { "qkv_proj" }
  package static var rotary: Self { "rotary" }
  package static var qkMatmul: Self { "qk_matmul" }
  package static var softmax: Self { "softmax" }
  package static var svMatmul: Self { "sv_matmul" }
  package static var attention: Self { "attention" }
  package static var keyValueCacheWrite: Self { "kv_cache_write" }
  package static var oProj: Self { "o_proj" }
  package static var attnAllReduce: Self { "attn_all_reduce" }
  package static var attnReduceScatter: Self { "attn_reduce_scatter" }
  package static var attnAdd: Self { "attn_add" }
  package static var attnAddNorm: Self { "attn_add_norm" }
  package static var mlpNorm: Self { "mlp_norm" }
  package static var gateProj: Self { "gate_proj" }
  package static var upProj: Self { "up_proj" }
  package static var gateUpProj: Self { "gate_up_proj" }
  package static var mlpSiluDot: Self { "mlp_silu_dot" }
  package static var mlpGelu: Self { "mlp_gelu" }
  package static var mlpRelu: Self { "mlp_relu" }
  package static var upProjGelu: Self { "up_proj_gelu" }
  package static var upProjRelu: Self { "up_proj_relu" }
  package static var downProj: Self { "down_proj" }
  package static var mlpAllReduce: Self { "mlp_all_reduce" }
  package static var mlpReduceScatter: Self { "mlp_reduce_scatter" }
  package static var mlpAdd: Self { "mlp_add" }
  package static var mlpAddNorm: Self { "mlp_add_norm" }
  package static var stageTransfer: Self { "stage_transfer" }
  package static var finalNorm: Self { "final_norm" }
  package static var lmHead: Self { "lm_head" }
  package static var logitsAllGather: Self { "logits_all_gather" }
}
