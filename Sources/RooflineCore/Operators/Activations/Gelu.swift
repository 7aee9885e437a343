/// gelu in its tanh form, the two-matrix MLP's activation: ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
///
/// An element: x² and x³ 2, the cubic term 2, the inner factor 1, 1 + tanh 1, the outer products 2: vector 8; one tanh.
package struct Gelu<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .gelu }
  package var asOperator: Operator<Scalar> { .gelu(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 8 * elements, special: elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, ActivationGradient(.gelu, elements: elements, formats: formats))])
  }

  package var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(of: self, dtype: formats.residual, rows: 1, width: elements, walk: .elements)
  }

  package static var source: String { "gelu (tanh form), an element: 8 multiplications and additions; one tanh" }
}
