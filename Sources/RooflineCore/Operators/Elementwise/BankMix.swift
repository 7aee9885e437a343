/// A tensor's share of an attention residual's mix: what enters a block is a softmax average of the stream and of its snapshots.
///
/// The stream's score comes from a norm and a product of their own; a snapshot's is its product with the scoring vector 2w, times
/// its root, which was stored with it. Of each, a token: the softmax's subtraction, addition and division 3 and one exp, and the
/// share of the sum, a product and an addition an element, 2w. The sum leaves the kernel with the stream's share.
package struct BankMix<Scalar: Term>: OperatorDefinition {
  /// What is mixed.
  package enum Part: Hashable, Sendable { case stream, snapshot }

  /// Tokens, elements of each.
  package let rows, width: Scalar
  package let part: Part
  /// Whether each token's share of the sum, and a snapshot's score, are stored for a backward pass.
  package let keepsShares: Bool
  package let formats: NumberFormats

  package init(_ part: Part, rows: Scalar, width: Scalar, keepsShares: Bool = false, formats: NumberFormats) {
    self.part = part
    self.keepsShares = keepsShares
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  package var kind: OperatorKind { .bankMix }
  package var asOperator: Operator<Scalar> { .bankMix(self) }

  package var flops: FLOPCounts<Scalar> {
    switch part {
    case .stream: FLOPCounts(vector: rows * (2 * width + 3), special: rows)
    case .snapshot: FLOPCounts(vector: rows * (4 * width + 4), special: rows)
    }
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = formats.residualFormat
    visit(Operand(.input, .loadActivation, rows * width, format))
    switch part {
    case .stream:
      visit(Operand(.scores, .loadActivation, rows, format))
      visit(Operand(.output, .storeActivation, rows * width, format))
      if keepsShares { visit(Operand(.probabilities, .storeActivation, rows, format)) }
    case .snapshot:
      guard keepsShares else { return }
      visit(Operand(.probabilities, .storeActivation, rows, format))
      visit(Operand(.scores, .storeActivation, rows, format))
    }
  }

  package var gradients: OperatorGradients<Scalar> {
    let gradient = BankMixGradient(part, rows: rows, width: width, formats: formats)
    switch part {
    // The scoring vector is one for all tokens: under sequence parallelism ranks have seen their own.
    case .stream: return .rows([.init(.backward, gradient, weights: width)])
    case .snapshot: return .rows([.init(.backward, gradient)])
    }
  }

  package static var source: String {
    "attention residual, a token and tensor: softmax 3 and one exp, product and sum 2w; a snapshot's score 2w + 1 more"
  }
}
