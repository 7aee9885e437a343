/// The gradient of a bias: the columns of dY (rows × width) added up.
package struct BiasGradient<Scalar: Term>: OperatorDefinition {
  package let rows, width: Scalar
  package let formats: NumberFormats

  package init(rows: Scalar, width: Scalar, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  package var kind: OperatorKind { .biasGradient }
  package var asOperator: Operator<Scalar> { .biasGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * width) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.biasGradient, .storeActivation, width, formats.residualFormat))
  }

  package static var source: String { "gradient of a bias: each column of dY added up from zero" }
}
