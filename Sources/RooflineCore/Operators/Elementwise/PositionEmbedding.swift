/// Adds learned positions to `rows` rows of `width` elements: one addition an element.
///
/// The sequences of a step stand at the same places, so `positions` rows of the table are read, each once.
package struct PositionEmbedding<Scalar: Term>: OperatorDefinition {
  package let rows, positions, width: Scalar
  /// Rows of the table, or of this device's part of it; nil of a kernel by itself. It changes no count of the gather.
  package let tableRows: Scalar?
  package let formats: NumberFormats

  package init(rows: Scalar, positions: Scalar, width: Scalar, tableRows: Scalar? = nil, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.positions = positions
    self.width = width.named(.width)
    self.tableRows = tableRows
    self.formats = formats
  }

  package var kind: OperatorKind { .positionEmbedding }
  package var asOperator: Operator<Scalar> { .positionEmbedding(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * width) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.table, .loadWeight, positions * width, formats.weightFormat))
    visit(Operand(.output, .storeActivation, rows * width, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([
      .init(
        .weight, PositionEmbeddingGradient(rows: rows, positions: positions, width: width, formats: formats))
    ])
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    guard let tableRows else { return }
    visit(OperatorParameter(.weight, tableRows, by: width, formats.weightFormat, isGathered: true))
  }

  package static var source: String {
    "learned positions: one addition an element; a row of the table for each place in the sequence"
  }
}
