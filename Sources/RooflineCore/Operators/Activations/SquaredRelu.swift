/// relu(x)²: a comparison, which is no FLOP, and a product an element.
package struct SquaredRelu<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .squaredRelu }
  package var asOperator: Operator<Scalar> { .squaredRelu(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, ActivationGradient(.squaredRelu, elements: elements, formats: formats))])
  }

  package static var source: String { "relu², an element: a comparison, which is not counted, and a product" }
}
