/// The gradient of a bias: the columns of dY (rows × width) added up; of routed experts' biases, over each expert's pairs.
package struct BiasGradient<Scalar: Term>: GradientDefinition {
  package let rows, width: Scalar
  /// Whose biases they are, and which of the rows are this device's; nil of one bias.
  package let experts: ExpertSet<Scalar>?
  package let formats: NumberFormats

  package init(rows: Scalar, width: Scalar, experts: ExpertSet<Scalar>? = nil, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.experts = experts
    self.formats = formats
  }

  package var kind: OperatorKind { .biasGradient }
  package var asOperator: Operator<Scalar> { .biasGradient(self) }

  private var elements: Scalar { experts?.own(rows * width) ?? rows * width }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, elements, formats.residualFormat))
    visit(
      Operand(.biasGradient, .storeActivation, experts?.touched(width) ?? width, formats.residualFormat))
  }

  package static var source: String { "gradient of a bias: each column of dY added up from zero" }
}
