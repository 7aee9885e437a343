/// The gradients of silu(gate)·up by gate and by up.
///
/// An element, σ = 1/(1 + exp(−g)): σ 2 and one exp; a = dY·σ 1; dUp = a·g 1; dGate = u·(a + dUp·(1 − σ)) 4: vector 8, special 1.
package struct SiluAndMulGradient<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .siluAndMulGradient }
  package var asOperator: Operator<Scalar> { .siluAndMulGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 8 * elements, special: elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.gate, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.up, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.gateGradient, .storeActivation, elements, formats.residualFormat))
    visit(Operand(.upGradient, .storeActivation, elements, formats.residualFormat))
  }

  package static var source: String {
    "gradient of silu·mul, an element: σ = 1/(1 + exp(−g)) 2, a = dY·σ, dUp = a·g, dGate = u·(a + dUp·(1 − σ)) 4; one exp"
  }
}
