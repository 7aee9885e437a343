/// Compressed cache entries: of a window of tokens, per channel, the values' average by a softmax over their gates, to which
/// learned biases of the places in the window are added.
///
/// An element of a window: bias added, maximum subtracted, sum, division, product with the value, sum: 6 vector and one exp. A
/// window has the tokens of one entry, or with overlap those of the one before as well: each token's row then has two halves, one
/// for either entry. Rows of earlier steps were kept until their entry was complete, and are read with the others.
package struct Compression<Scalar: Term>: OperatorDefinition {
  /// Entries that become complete in this step, all sequences together.
  package let entries: Scalar
  /// Tokens that an entry stands for.
  package let tokensPerEntry: Scalar
  /// Elements of a token's row of values, and of its row of gates.
  package let rowWidth: Scalar
  /// Elements of an entry.
  package let width: Scalar
  /// Whether the softmax's shares are stored for a backward pass.
  package let keepsShares: Bool
  package let formats: NumberFormats

  package init(
    entries: Scalar, tokensPerEntry: Scalar, rowWidth: Scalar, width: Scalar, keepsShares: Bool = false,
    formats: NumberFormats
  ) {
    self.keepsShares = keepsShares
    self.entries = entries.named(.newEntries)
    self.tokensPerEntry = tokensPerEntry
    self.rowWidth = rowWidth
    self.width = width
    self.formats = formats
  }

  package var kind: OperatorKind { .compression }
  package var asOperator: Operator<Scalar> { .compression(self) }

  /// Elements of the windows of values.
  var elements: Scalar { entries * tokensPerEntry * rowWidth }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 6 * elements, special: elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.value, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.gate, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.bias, .loadWeight, tokensPerEntry * rowWidth, formats.residualFormat))
    visit(Operand(.output, .storeActivation, entries * width, formats.residualFormat))
    if keepsShares { visit(Operand(.probabilities, .storeActivation, elements, formats.residualFormat)) }
  }

  package var gradients: OperatorGradients<Scalar> { .rows([.init(.backward, CompressionGradient(self))]) }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, tokensPerEntry, by: rowWidth, formats.residualFormat))
  }

  package static var source: String {
    "compression, an element of a window: bias, subtract the maximum, add, divide, multiply, add; one exp"
  }
}
