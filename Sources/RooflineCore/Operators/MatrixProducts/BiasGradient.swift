/// The gradient of a bias: the columns of dY (rows × width) added up.
public struct BiasGradient<Scalar: Term>: OperatorDefinition {
  public let rows, width: Scalar
  public let formats: NumberFormats

  public init(rows: Scalar, width: Scalar, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  public var kind: OperatorKind { .biasGradient }
  public var asOperator: Operator<Scalar> { .biasGradient(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * width) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.biasGradient, .storeActivation, width, formats.residualFormat))
  }

  public static var source: String { "gradient of a bias: each column of dY added up from zero" }
}
