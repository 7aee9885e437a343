/// The gradient of y = cap·tanh(x/cap), from the output that is kept: dX = dY·(1 − (y/cap)²).
///
/// An element: the product with 1/cap, its square, the subtraction, the product with dY: vector 4.
package struct SoftcapGradient<Scalar: Term>: GradientDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .softcapGradient }
  package var asOperator: Operator<Scalar> { .softcapGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 4 * elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.inputGradient, .storeActivation, elements, formats.residualFormat))
  }

  package static var source: String {
    "gradient of a soft cap, an element: scale the kept output, square, subtract from 1, multiply by dY"
  }
}
