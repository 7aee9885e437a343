/// What a gated MLP makes of an element g of its gate and an element u of its up projection.
package enum GateFunction: String, Hashable, Sendable, CaseIterable {
  /// silu(g) · u, where silu(g) = g / (1 + exp(−g)).
  case silu
  /// gelu(g) · u in gelu's tanh form (`Gelu`); of Gemma.
  case gelu
  /// g·sigmoid(α·g)·(u + 1) of clamped g and u; of gpt-oss and MiniMax-M3.
  case swigluoai
  /// β·tanh(g/β)·sigmoid(g) · λ·tanh(u/λ); of Kimi-K3.
  case situ

  /// FLOPs of an element, and the operations that they are.
  struct Cost {
    let vector, special: UInt64
    let source: String

    func flops<Scalar: Term>(_ elements: Scalar) -> FLOPCounts<Scalar> {
      FLOPCounts(
        vector: Scalar(integerLiteral: vector) * elements, special: Scalar(integerLiteral: special) * elements)
    }
  }

  var gradient: GateGradient {
    switch self {
    case .silu: .silu
    case .gelu: .gelu
    case .swigluoai: .swigluoai
    case .situ: .situ
    }
  }

  /// A sign is free in the exponent's scaling, and clamps compare.
  var cost: Cost {
    switch self {
    case .silu:
      Cost(vector: 3, special: 1, source: "silu·mul, an element: 1 + exp(−g), divide, multiply by up; one exp")
    case .gelu:
      Cost(vector: 9, special: 1, source: "gelu·mul, an element: gelu's tanh form 8 and one tanh, multiply by up")
    case .swigluoai:
      Cost(
        vector: 5, special: 1,
        source: "swigluoai, an element: α·g, 1 + exp(−α·g), divide g by it, up + 1, multiply; one exp; clamps compare")
    case .situ:
      Cost(
        vector: 7, special: 3,
        source: "situ·mul, an element: g/β, u/λ, β·, λ·, 1 + exp(−g), divide, multiply; two tanh, one exp")
    }
  }

  /// The operator's name, and that of its kernels in measured data.
  package var kind: OperatorKind {
    switch self {
    case .silu: .siluAndMul
    case .gelu: .geluAndMul
    case .swigluoai: .clampedSwiGLU
    case .situ: .situAndMul
    }
  }
}
