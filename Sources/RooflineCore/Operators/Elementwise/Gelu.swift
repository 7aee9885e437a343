/// gelu in its tanh form, the two-matrix MLP's activation: ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
///
/// An element: x² and x³ 2, the cubic term 2, the inner factor 1, 1 + tanh 1, the outer products 2: vector 8; one tanh.
public struct Gelu<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  public let formats: NumberFormats

  public init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  public var kind: OperatorKind { .gelu }
  public var asOperator: Operator<Scalar> { .gelu(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 8 * elements, special: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(of: self, dtype: formats.residual, rows: 1, width: elements, walk: .elements)
  }

  public static var source: String { "gelu (tanh form), an element: 8 multiplications and additions; one tanh" }
}
