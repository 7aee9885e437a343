/// The residual addition: one addition an element, two tensors read, one written.
package struct ResidualAdd<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  /// Whether both tensors are multiplied by constants first: two more products an element.
  package let isScaled: Bool
  package let formats: NumberFormats

  package init(elements: Scalar, isScaled: Bool = false, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.isScaled = isScaled
    self.formats = formats
  }

  package var kind: OperatorKind { .residualAdd }
  package var asOperator: Operator<Scalar> { .residualAdd(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: isScaled ? 3 * elements : elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.residual, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    isScaled ? .rows([.init(.input, ScaledAddGradient(elements: elements, formats: formats))]) : .passedOn
  }

  package var rowwise: RowwiseWork<Scalar>? {
    isScaled ? nil : RowwiseWork(of: self, dtype: formats.residual, rows: 1, width: elements, walk: .elements)
  }

  package static var source: String {
    "residual addition: one addition an element, and two products where both tensors are scaled"
  }
}
