/// cap · tanh(x / cap), which keeps scores or logits within ±cap.
///
/// An element: the product with 1/cap, tanh, the product with cap: vector 2, special 1.
package struct Softcap<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .softcap }
  package var asOperator: Operator<Scalar> { .softcap(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 2 * elements, special: elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, SoftcapGradient(elements: elements, formats: formats))])
  }

  package static var source: String { "soft cap, an element: scale, tanh, scale" }
}
