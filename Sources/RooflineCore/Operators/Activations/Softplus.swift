/// log(1 + exp(x)) of `rows` rows of `width` elements, with a bias a column: the step sizes of a state-space model.
///
/// An element: the addition of 1, the bias one more, exp and log: vector 1 (+ 1), special 2.
package struct Softplus<Scalar: Term>: OperatorDefinition {
  package let rows, width: Scalar
  package let hasBias: Bool
  package let formats: NumberFormats

  package init(rows: Scalar, width: Scalar, hasBias: Bool, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.hasBias = hasBias
    self.formats = formats
  }

  package var kind: OperatorKind { .softplus }
  package var asOperator: Operator<Scalar> { .softplus(self) }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: (hasBias ? 2 : 1) * rows * width, special: 2 * rows * width)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    if hasBias { visit(Operand(.bias, .loadWeight, width, formats.residualFormat)) }
    visit(Operand(.output, .storeActivation, rows * width, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    let own = OperatorGradient(
      .backward, ActivationGradient(.softplus, elements: rows * width, formats: formats))
    return .rows(hasBias ? [own, .init(.bias, BiasGradient(rows: rows, width: width, formats: formats))] : [own])
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if hasBias { visit(OperatorParameter(.stepBias, width, formats.residualFormat)) }
  }

  package static var source: String { "softplus, an element: a bias 1, 1 + exp 1; one exp, one log" }
}
