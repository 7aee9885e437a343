/// gate·sigmoid(α·gate)·(up + 1) of clamped gate and up (`swigluoai`), the activation of gpt-oss and MiniMax-M3.
///
/// An element: α·g, 1 + exp(−α·g), the division, up + 1, the product: vector 5, special 1. Clamps compare.
public struct ClampedSwiGLU<Scalar: Term>: OperatorDefinition {
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

  public var kind: OperatorKind { .clampedSwiGLU }
  public var asOperator: Operator<Scalar> { .clampedSwiGLU(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 5 * elements, special: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.gate, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.up, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String {
    "swigluoai, an element: α·g, 1 + exp(−α·g), divide g by it, up + 1, multiply; one exp; clamps compare"
  }
}
