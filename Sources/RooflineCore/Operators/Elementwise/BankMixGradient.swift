/// The gradients of a tensor's share of an attention residual's mix y = Σ p·x, p the softmax of the tensors' scores.
///
/// With the share p that the forward pass kept, a token: dp = Σ dy·x 2w, the softmax's gradient ds = p·(dp − Σ p·dp) 4,
/// p·dy w. The stream's score has a norm and a product of its own, which take ds. A snapshot's is s = r·Σ x·v, of which s is
/// kept, and the root r was stored with the snapshot: with a = ds·r and c = a·s·r/w, 4 operations, dx = p·dy + a·v − c·x, 4w
/// beside p·dy, and dv = Σ a·x, 2w. The scoring vector v is the norm's weight times the score's, multiplied at load; to the
/// gradient of either dv times the other is added, 4w in all. dy is read once, with the stream.
package struct BankMixGradient<Scalar: Term>: GradientDefinition {
  /// Tokens, elements of each.
  package let rows, width: Scalar
  package let part: BankMix<Scalar>.Part
  package let formats: NumberFormats

  package init(_ part: BankMix<Scalar>.Part, rows: Scalar, width: Scalar, formats: NumberFormats) {
    self.part = part
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  package var kind: OperatorKind { .bankMixGradient }
  package var asOperator: Operator<Scalar> { .bankMixGradient(self) }

  package var flops: FLOPCounts<Scalar> {
    switch part {
    case .stream: FLOPCounts(vector: rows * (3 * width + 4))
    case .snapshot: FLOPCounts(vector: rows * (9 * width + 8) + 4 * width)
    }
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = formats.residualFormat
    visit(Operand(.input, .loadActivation, rows * width, format))
    visit(Operand(.probabilities, .loadActivation, rows, format))
    switch part {
    case .stream:
      visit(Operand(.outputGradient, .loadActivation, rows * width, format))
      visit(Operand(.scoreGradient, .storeActivation, rows, format))
    case .snapshot:
      visit(Operand(.scores, .loadActivation, rows, format))
      visit(Operand(.root, .loadActivation, rows, format))
      visit(Operand(.weight, .loadWeight, 2 * width, format))
      visit(Operand(.weightGradient, .loadActivation, 2 * width, format))
      visit(Operand(.weightGradient, .storeActivation, 2 * width, format))
    }
    visit(Operand(.inputGradient, .storeActivation, rows * width, format))
  }

  package static var source: String {
    "gradient of an attention residual, a token and tensor: dp 2w, softmax 4, p·dy w; a snapshot's score 6w + 4 more, and 4w once for the weights of norm and score"
  }
}
