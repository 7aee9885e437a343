/// The gradient of an embedding lookup: each token's row of dY added to its row of the table's gradient.
///
/// A device adds the rows of its part of the table. As in the lookup, a repeated token's row is read and written again, and the
/// rest of the table is not touched.
package struct EmbeddingGradient<Scalar: Term>: OperatorDefinition {
  package let tokens, ownRows, width: Scalar
  package let formats: NumberFormats

  package init(tokens: Scalar, ownRows: Scalar, width: Scalar, formats: NumberFormats) {
    self.tokens = tokens
    self.ownRows = ownRows
    self.width = width
    self.formats = formats
  }

  package var kind: OperatorKind { .embeddingGradient }
  package var asOperator: Operator<Scalar> { .embeddingGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: ownRows * width) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.tokenIDs, .loadActivation, tokens, .tokenID))
    visit(Operand(.outputGradient, .loadActivation, ownRows * width, formats.residualFormat))
    visit(Operand(.weightGradient, .loadActivation, ownRows * width, formats.weightFormat))
    visit(Operand(.weightGradient, .storeActivation, ownRows * width, formats.weightFormat))
  }

  package static var source: String {
    "gradient of the embedding: a token's row of dY added to its row of the table's gradient, which is read and written"
  }
}
