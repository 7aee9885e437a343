/// silu(gate) · up, the gated MLP's activation.
///
/// An element: silu is g / (1 + exp(−g)), an addition and a division around one exp (the sign is free in the exponent's
/// scaling), then the product with up: vector 3, special 1.
public struct SiluAndMul<Scalar: Term>: OperatorDefinition {
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

  public var kind: OperatorKind { .siluAndMul }
  public var asOperator: Operator<Scalar> { .siluAndMul(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 3 * elements, special: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.gate, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.up, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, SiluAndMulGradient(elements: elements, formats: formats))])
  }

  public var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(of: self, dtype: formats.residual, rows: rows, width: width, walk: .row)
  }

  public static var source: String { "silu·mul, an element: 1 + exp(−g), divide, multiply by up; one exp" }
}
