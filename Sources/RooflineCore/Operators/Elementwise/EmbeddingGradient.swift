/// The gradient of an embedding lookup: each token's row of dY added to its row of the table's gradient.
///
/// A device adds the rows of its part of the table. As in the lookup, a repeated token's row is read and written again, and the
/// rest of the table is not touched.
public struct EmbeddingGradient<Scalar: Term>: OperatorDefinition {
  public let tokens, ownRows, width: Scalar
  public let formats: NumberFormats

  public init(tokens: Scalar, ownRows: Scalar, width: Scalar, formats: NumberFormats) {
    self.tokens = tokens
    self.ownRows = ownRows
    self.width = width
    self.formats = formats
  }

  public var kind: OperatorKind { .embeddingGradient }
  public var asOperator: Operator<Scalar> { .embeddingGradient(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: ownRows * width) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.tokenIDs, .loadActivation, tokens, .tokenID))
    visit(Operand(.outputGradient, .loadActivation, ownRows * width, formats.residualFormat))
    visit(Operand(.weightGradient, .loadActivation, ownRows * width, formats.weightFormat))
    visit(Operand(.weightGradient, .storeActivation, ownRows * width, formats.weightFormat))
  }

  public static var source: String {
    "gradient of the embedding: a token's row of dY added to its row of the table's gradient, which is read and written"
  }
}
