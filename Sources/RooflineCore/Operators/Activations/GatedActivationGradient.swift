/// The gradients of a gated activation by gate and by up. `GateGradient` says what an element costs.
package struct GatedActivationGradient<Scalar: Term>: GradientDefinition {
  package let gradient: GateGradient
  package let elements: Scalar
  package let formats: NumberFormats

  package init(_ gradient: GateGradient, elements: Scalar, formats: NumberFormats) {
    self.gradient = gradient
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { gradient.kind }
  package var asOperator: Operator<Scalar> { .gatedActivationGradient(self) }

  package var flops: FLOPCounts<Scalar> { gradient.cost.flops(elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.gate, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.up, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.gateGradient, .storeActivation, elements, formats.residualFormat))
    visit(Operand(.upGradient, .storeActivation, elements, formats.residualFormat))
  }

  package static var source: String { "the gradients of a gated activation by gate and by up, element by element" }
  package var source: String { gradient.cost.source }
}
