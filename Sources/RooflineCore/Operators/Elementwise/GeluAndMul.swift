/// gelu(gate) · up in gelu's tanh form, the activation of Gemma's gated MLP.
///
/// An element: gelu's 8 vector operations and tanh, then the product with up: vector 9, special 1.
public struct GeluAndMul<Scalar: Term>: OperatorDefinition {
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

  public var kind: OperatorKind { .geluAndMul }
  public var asOperator: Operator<Scalar> { .geluAndMul(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 9 * elements, special: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.gate, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.up, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String { "gelu·mul, an element: gelu's tanh form 8 and one tanh, multiply by up" }
}
