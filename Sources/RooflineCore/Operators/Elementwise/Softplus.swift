/// log(1 + exp(x)) of `rows` rows of `width` elements, with a bias a column: the step sizes of a state-space model.
///
/// An element: the addition of 1, the bias one more, exp and log: vector 1 (+ 1), special 2.
public struct Softplus<Scalar: Term>: OperatorDefinition {
  public let rows, width: Scalar
  public let hasBias: Bool
  public let formats: NumberFormats

  public init(rows: Scalar, width: Scalar, hasBias: Bool, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.hasBias = hasBias
    self.formats = formats
  }

  public var kind: OperatorKind { .softplus }
  public var asOperator: Operator<Scalar> { .softplus(self) }

  public var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: (hasBias ? 2 : 1) * rows * width, special: 2 * rows * width)
  }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    if hasBias { visit(Operand(.bias, .loadWeight, width, formats.residualFormat)) }
    visit(Operand(.output, .storeActivation, rows * width, formats.residualFormat))
  }

  public func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if hasBias { visit(OperatorParameter(.stepBias, width, formats.residualFormat)) }
  }

  public static var source: String { "softplus, an element: a bias 1, 1 + exp 1; one exp, one log" }
}
