/// The name of a row of the tables: that of a row of the forward pass, or of a gradient of one.
///
/// A block names its rows where it states them; the constants here are those that others speak of.
public struct OperatorName: Hashable, Sendable, ExpressibleByStringLiteral {
  private let base: StaticText
  /// Which gradient of the forward row it is; nil of a forward row, and of a row that only a backward pass has.
  public let gradient: GradientPart?

  public init(stringLiteral value: StaticString) {
    base = StaticText(stringLiteral: value)
    gradient = nil
  }

  private init(_ base: StaticText, _ gradient: GradientPart?) {
    self.base = base
    self.gradient = gradient
  }

  public var rawValue: String { gradient.map { "\(base)_\($0.rawValue)" } ?? "\(base)" }

  /// The row of the forward pass that a gradient belongs to; other rows are their own, and so are sums of several rows'
  /// gradients.
  public var forwardRow: OperatorName { gradient == .inputSum ? self : OperatorName(base, nil) }

  public func gradient(_ part: GradientPart) -> OperatorName { OperatorName(base, part) }
}

/// What a gradient's row is of: the suffix of its name.
public enum GradientPart: String, Hashable, Sendable, CaseIterable {
  case input = "dx"
  case weight = "dw"
  case bias = "dbias"
  case scale = "dgamma"
  case query = "dq"
  case key = "dk"
  case value = "dv"
  case probabilities = "dp"
  /// All inputs at once.
  case backward
  /// The addition of a row's gradient to that of another row that read the same tensor.
  case inputSum = "dx_add"
}

extension OperatorName {
  public static var embedding: Self { "embedding" }
  public static var embeddingAllReduce: Self { "embedding_all_reduce" }
  public static var embeddingReduceScatter: Self { "embedding_reduce_scatter" }
  public static var positionEmbedding: Self { "position_embedding" }
  public static var attnNorm: Self { "attn_norm" }
  public static var qProj: Self { "q_proj" }
  public static var kProj: Self { "k_proj" }
  public static var vProj: Self { "v_proj" }
  public static var qkvProj: Self { "qkv_proj" }
  public static var rotary: Self { "rotary" }
  public static var qkMatmul: Self { "qk_matmul" }
  public static var softmax: Self { "softmax" }
  public static var svMatmul: Self { "sv_matmul" }
  public static var attention: Self { "attention" }
  public static var keyValueCacheWrite: Self { "kv_cache_write" }
  public static var oProj: Self { "o_proj" }
  public static var attnAllReduce: Self { "attn_all_reduce" }
  public static var attnReduceScatter: Self { "attn_reduce_scatter" }
  public static var attnAdd: Self { "attn_add" }
  public static var attnAddNorm: Self { "attn_add_norm" }
  public static var mlpNorm: Self { "mlp_norm" }
  public static var gateProj: Self { "gate_proj" }
  public static var upProj: Self { "up_proj" }
  public static var gateUpProj: Self { "gate_up_proj" }
  public static var mlpSiluDot: Self { "mlp_silu_dot" }
  public static var mlpGelu: Self { "mlp_gelu" }
  public static var mlpRelu: Self { "mlp_relu" }
  public static var upProjGelu: Self { "up_proj_gelu" }
  public static var upProjRelu: Self { "up_proj_relu" }
  public static var downProj: Self { "down_proj" }
  public static var mlpAllReduce: Self { "mlp_all_reduce" }
  public static var mlpReduceScatter: Self { "mlp_reduce_scatter" }
  public static var mlpAdd: Self { "mlp_add" }
  public static var mlpAddNorm: Self { "mlp_add_norm" }
  public static var stageTransfer: Self { "stage_transfer" }
  public static var finalNorm: Self { "final_norm" }
  public static var lmHead: Self { "lm_head" }
  public static var logitsAllGather: Self { "logits_all_gather" }
}
