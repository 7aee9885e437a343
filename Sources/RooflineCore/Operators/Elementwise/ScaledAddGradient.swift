/// The gradients of α·x + β·y by x and y: dY times either constant, two products an element.
///
/// A residual addition without constants needs no such row: its gradient is that of both.
package struct ScaledAddGradient<Scalar: Term>: GradientDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .scaledAddGradient }
  package var asOperator: Operator<Scalar> { .scaledAddGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 2 * elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.inputGradient, .storeActivation, elements, formats.residualFormat))
    visit(Operand(.residualGradient, .storeActivation, elements, formats.residualFormat))
  }

  package static var source: String { "gradients of a scaled addition, an element: dY times either constant" }
}
