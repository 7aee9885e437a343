/// The attention residual's mix: what enters a block is a softmax average of the stream and of its snapshots.
///
/// The stream's own score comes from a norm and a product of their own. A snapshot's: its product with the scoring vector 2w, and
/// with its stored root 1. Then for each of the s + 1 tensors the softmax's subtraction, addition and division 3 and one exp, and
/// its share of the sum, a product and an addition an element, 2w.
public struct BankMix<Scalar: Term>: OperatorDefinition {
  /// Tokens, snapshots of each, elements of a snapshot.
  public let rows, snapshots, width: Scalar
  public let formats: NumberFormats

  public init(rows: Scalar, snapshots: Scalar, width: Scalar, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.snapshots = snapshots
    self.width = width.named(.width)
    self.formats = formats
  }

  public var kind: OperatorKind { .bankMix }
  public var asOperator: Operator<Scalar> { .bankMix(self) }

  public var flops: FLOPCounts<Scalar> {
    let mixed = snapshots + 1
    let vector: Scalar = snapshots * (2 * width + 1) + mixed * (2 * width + 3)
    return FLOPCounts(vector: rows * vector, special: rows * mixed)
  }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = formats.residualFormat
    visit(Operand(.input, .loadActivation, rows * width, format))
    visit(Operand(.snapshots, .loadActivation, rows * snapshots * width, format))
    visit(Operand(.scores, .loadActivation, rows, format))
    visit(Operand(.vector, .loadActivation, width, format))
    visit(Operand(.output, .storeActivation, rows * width, format))
  }

  public static var source: String {
    "attention residual, a token: a snapshot's score 2w + 1; of snapshots and stream the softmax 3 and one exp, product and sum 2w"
  }
}
