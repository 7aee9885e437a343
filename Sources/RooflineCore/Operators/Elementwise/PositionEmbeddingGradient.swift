/// The gradient of learned positions: each row of dY added to its place's row of the table's gradient.
package struct PositionEmbeddingGradient<Scalar: Term>: GradientDefinition {
  package let rows, positions, width: Scalar
  package let formats: NumberFormats

  package init(rows: Scalar, positions: Scalar, width: Scalar, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.positions = positions
    self.width = width.named(.width)
    self.formats = formats
  }

  package var kind: OperatorKind { .positionEmbeddingGradient }
  package var asOperator: Operator<Scalar> { .positionEmbeddingGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * width) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.weightGradient, .storeActivation, positions * width, formats.weightFormat))
  }

  package static var source: String {
    "gradient of learned positions: each row of dY added to its place's, from zero; a row is stored for each place"
  }
}
