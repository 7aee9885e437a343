/// The gradient of an embedding lookup: each token's row of dY added to its row of the table's gradient.
///
/// A device adds the rows of its part of the table. Each token's row is added; of the table's gradient no more rows are
/// read and written than the device's part has.
package struct EmbeddingGradient<Scalar: Term>: GradientDefinition {
  package let tokens, ownRows, width: Scalar
  /// Rows of the device's part of the table; nil of a kernel by itself.
  package let tableRows: Scalar?
  package let formats: NumberFormats

  package init(tokens: Scalar, ownRows: Scalar, width: Scalar, tableRows: Scalar? = nil, formats: NumberFormats) {
    self.tokens = tokens
    self.ownRows = ownRows
    self.width = width
    self.tableRows = tableRows
    self.formats = formats
  }

  package var kind: OperatorKind { .embeddingGradient }
  package var asOperator: Operator<Scalar> { .embeddingGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: ownRows * width) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.tokenIDs, .loadActivation, tokens, .tokenID))
    visit(Operand(.outputGradient, .loadActivation, ownRows * width, formats.residualFormat))
    let distinct = ownRows.minimum(optional: tableRows)
    visit(Operand(.weightGradient, .loadActivation, distinct * width, formats.weightFormat))
    visit(Operand(.weightGradient, .storeActivation, distinct * width, formats.weightFormat))
  }

  package static var source: String {
    "gradient of the embedding: a token's row of dY added to its row of the table's gradient, which is read and written"
  }
}
