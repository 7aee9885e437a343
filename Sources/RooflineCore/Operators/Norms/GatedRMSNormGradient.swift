/// The gradients of a gated RMSNorm by its input, its gate z and its weight γ.
///
/// With the reciprocal root r that the forward pass kept, and with the gate's value s = silu(z) = z·σ(z) behind the
/// norm: σ 2 and an exp, s 1, n = x·r 1, u = n·γ 1, du = dY·s 1; dz = dY·u·(σ + s·(1 − σ)) 5; dγ the product du·n and
/// its sum over the rows 2; g = du·γ 1, Σ g·n 2, its share 1 a row, dx = r·(g − n·share) 3. In front of the norm h =
/// x·s 1, n = h·r 1, g = dY·γ 1, dγ 2, Σ g·n 2, dh 3, dx = dh·s 1, dz = dh·x·(σ + s·(1 − σ)) 5: either way 19w + 1 a
/// row. A gate σ(z) itself has no product for s, and its dz is du·u·(1 − σ) 3: 16w + 1.
package struct GatedRMSNormGradient<Scalar: Term>: GradientDefinition {
  package let norm: GatedRMSNorm<Scalar>

  package init(_ norm: GatedRMSNorm<Scalar>) { self.norm = norm }

  package var kind: OperatorKind { .gatedRMSNormGradient }
  package var asOperator: Operator<Scalar> { .gatedRMSNormGradient(self) }

  private var elements: Scalar { norm.rows * norm.width }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: norm.rows * ((norm.gate == .silu ? 19 : 16) * norm.width + 1), special: elements)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = norm.formats.residualFormat
    visit(Operand(.outputGradient, .loadActivation, elements, format))
    visit(Operand(.input, .loadActivation, elements, format))
    visit(Operand(.gate, .loadActivation, elements, format))
    visit(Operand(.root, .loadActivation, norm.rows, format))
    visit(Operand(.weight, .loadWeight, norm.weightElements, format))
    visit(Operand(.inputGradient, .storeActivation, elements, format))
    visit(Operand(.gateGradient, .storeActivation, elements, format))
    visit(Operand(.weightGradient, .storeActivation, norm.weightElements, format))
  }

  package static var source: String { "gradients of a gated RMSNorm with the kept root, by its input, gate and weight" }
  package var source: String {
    switch norm.gate {
    case .silu:
      "gradients of RMSNorm and silu(z) with the kept root, an element: σ 2, z·σ 1, the norm 2, dY·s 1, dz 5, dγ 2, g 1, its sum 2, dx 3; the sum's share 1 a row; one exp"
    case .sigmoid:
      "gradients of RMSNorm and σ(z) with the kept root, an element: σ 2, the norm 2, dY·σ 1, dz 3, dγ 2, g 1, its sum 2, dx 3; the sum's share 1 a row; one exp"
    }
  }
}
