/// What becomes of an element dY of the output's gradient: dGate and dUp, of a gate g and an up projection u.
package enum GateGradient: Hashable, Sendable {
  /// With σ = 1/(1 + exp(−g)): a = dY·σ, dUp = a·g, dGate = u·(a + dUp·(1 − σ)).
  case silu
  /// gelu(g) = g·h with h = ½(1 + t), t = tanh(a·g·(1 + q)), q = b·g²; the inner derivative is a·(1 + 3q), and
  /// gelu′ = h + ½g·(1 − t²)·that; dUp = dY·(g·h), dGate = dY·u·gelu′.
  case gelu
  /// With s = 1/(1 + exp(−α·g)): a = dY·s, dUp = a·g, dGate = (u + 1)·(a + α·dUp·(1 − s)). Where a clamp holds an element, its gradient
  /// is 0, which a comparison tells.
  case swigluoai
  /// With t = tanh(g/β), σ = 1/(1 + exp(−g)), h = tanh(u/λ), b = β·t and a = dY·σ: dUp = a·b·(1 − h²),
  /// dGate = a·λ·h·((1 − t²) + b·(1 − σ)).
  case situ

  var cost: GateFunction.Cost {
    switch self {
    case .silu:
      GateFunction.Cost(
        vector: 8, special: 1,
        source:
          "gradient of silu·mul, an element: σ = 1/(1 + exp(−g)) 2, a = dY·σ, dUp = a·g, dGate = u·(a + dUp·(1 − σ)) 4; one exp"
      )
    case .gelu:
      GateFunction.Cost(
        vector: 20, special: 1,
        source:
          "gradient of gelu·mul, an element: q = b·g² 2, tanh's argument 3, h = (1 + t)/2 2, dUp 2, the inner derivative 3, gelu′ 6, dGate 2; one tanh"
      )
    case .swigluoai:
      GateFunction.Cost(
        vector: 11, special: 1,
        source:
          "gradient of swigluoai, an element: s = 1/(1 + exp(−α·g)) 3, a = dY·s, dUp = a·g, dGate = (u + 1)·(a + α·dUp·(1 − s)) 6; one exp; clamps compare"
      )
    case .situ:
      GateFunction.Cost(
        vector: 18, special: 3,
        source:
          "gradient of situ·mul, an element: g/β, u/λ 2, σ = 1/(1 + exp(−g)) 2, b = β·t, a = dY·σ 2, dUp = a·b·(1 − h²) 4, dGate = a·λ·h·((1 − t²) + b·(1 − σ)) 8; two tanh, one exp"
      )
    }
  }

  var kind: OperatorKind {
    switch self {
    case .silu: .siluAndMulGradient
    case .gelu: .geluAndMulGradient
    case .swigluoai: .clampedSwiGLUGradient
    case .situ: .situAndMulGradient
    }
  }
}
