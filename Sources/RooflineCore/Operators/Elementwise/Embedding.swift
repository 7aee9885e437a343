/// Gathers one row of the table per token: `tokens` rows looked up, `ownRows` of them in this device's part of the table.
///
/// The vocabulary is split over the ranks, so a device reads its share of the rows and writes a full-height tensor (zeros where
/// another rank has the row). Which tokens repeat is not known: no discount is made for them, but a device never reads more rows than
/// its part of the table has.
package struct Embedding<Scalar: Term>: OperatorDefinition {
  package let tokens, ownRows, width: Scalar
  /// Rows of the table, or of this device's part of it; nil of a kernel by itself, whose rows are all taken to differ.
  package let tableRows: Scalar?
  package let formats: NumberFormats

  package init(tokens: Scalar, ownRows: Scalar, width: Scalar, tableRows: Scalar? = nil, formats: NumberFormats) {
    self.tokens = tokens
    self.ownRows = ownRows
    self.width = width
    self.tableRows = tableRows
    self.formats = formats
  }

  package var kind: OperatorKind { .embedding }
  package var asOperator: Operator<Scalar> { .embedding(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts() }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.tokenIDs, .loadActivation, tokens, .tokenID))
    visit(Operand(.rows, .loadWeight, ownRows.minimum(optional: tableRows) * width, formats.weightFormat))
    visit(Operand(.output, .storeActivation, tokens * width, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([
      .init(
        .backward,
        EmbeddingGradient(tokens: tokens, ownRows: ownRows, width: width, tableRows: tableRows, formats: formats))
    ])
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    guard let tableRows else { return }
    visit(OperatorParameter(.weight, tableRows, by: width, formats.weightFormat, isGathered: true))
  }

  /// Every token's row is read and written, as where the table is not split: kernels were measured so.
  package var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(
      kind, dtype: formats.residual, rows: tokens, width: width,
      bytes: 2 * (tokens * width).bytes(formats.residualFormat), walk: .gather)
  }

  package static var source: String { "embedding: a gather, no arithmetic; token ids, the gathered rows, the output" }
}
