/// silu(x) = x / (1 + exp(−x)): vector 2, special 1 an element.
package struct Silu<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .silu }
  package var asOperator: Operator<Scalar> { .silu(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 2 * elements, special: elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, ActivationGradient(.silu, elements: elements, formats: formats))])
  }

  package static var source: String { "silu, an element: 1 + exp(−x), divide; one exp" }
}
