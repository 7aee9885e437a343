/// The gated activation of Kimi-K3: β·tanh(gate/β)·sigmoid(gate) · λ·tanh(up/λ).
///
/// An element: two quotients, two products with the constants, 1 + exp(−g) and the division by it, and the product with up's part:
/// vector 7; two tanh and one exp.
public struct SituAndMul<Scalar: Term>: OperatorDefinition {
  public let rows, width: Scalar
  /// rows · width.
  public let elements: Scalar
  public let formats: NumberFormats

  public init(rows: Scalar, width: Scalar, formats: NumberFormats) {
    self.rows = rows
    self.width = width
    elements = (rows * width).named(.elements)
    self.formats = formats
  }

  public var kind: OperatorKind { .situAndMul }
  public var asOperator: Operator<Scalar> { .situAndMul(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 7 * elements, special: 3 * elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.gate, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.up, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String {
    "situ·mul, an element: g/β, u/λ, β·, λ·, 1 + exp(−g), divide, multiply; two tanh, one exp"
  }
}
