/// The gradients of gelu(gate)·up, in gelu's tanh form, by gate and by up.
///
/// gelu(g) = g·h with h = ½(1 + t), t = tanh(a·g·(1 + q)), q = b·g². An element: q 2, the argument 3 and one tanh, h 2;
/// dUp = dY·(g·h) 2; the inner derivative a·(1 + 3q) 3; gelu′ = h + ½g·(1 − t²)·that 6; dGate = dY·up·gelu′ 2: vector 20,
/// special 1.
package struct GeluAndMulGradient<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .geluAndMulGradient }
  package var asOperator: Operator<Scalar> { .geluAndMulGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 20 * elements, special: elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.gate, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.up, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.gateGradient, .storeActivation, elements, formats.residualFormat))
    visit(Operand(.upGradient, .storeActivation, elements, formats.residualFormat))
  }

  package static var source: String {
    "gradient of gelu·mul, an element: q = b·g² 2, tanh's argument 3, h = (1 + t)/2 2, dUp 2, the inner derivative 3, gelu′ 6, dGate 2; one tanh"
  }
}
