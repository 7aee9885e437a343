/// relu, max(x, 0): a comparison an element, which is no FLOP; what it costs is memory traffic.
package struct Relu<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .relu }
  package var asOperator: Operator<Scalar> { .relu(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts() }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, ActivationGradient(.relu, elements: elements, formats: formats))])
  }

  package static var source: String { "relu: a comparison an element, which is not counted as a FLOP" }
}
