/// The residual addition: one addition an element, two tensors read, one written.
public struct ResidualAdd<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  /// Whether both tensors are multiplied by constants first: two more products an element.
  public let isScaled: Bool
  public let formats: NumberFormats

  public init(elements: Scalar, isScaled: Bool = false, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.isScaled = isScaled
    self.formats = formats
  }

  public var kind: OperatorKind { .residualAdd }
  public var asOperator: Operator<Scalar> { .residualAdd(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: isScaled ? 3 * elements : elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.residual, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public var gradients: OperatorGradients<Scalar> { isScaled ? .unknown : .passedOn }

  public var rowwise: RowwiseWork<Scalar>? {
    isScaled ? nil : RowwiseWork(of: self, dtype: formats.residual, rows: 1, width: elements, walk: .elements)
  }

  public static var source: String {
    "residual addition: one addition an element, and two products where both tensors are scaled"
  }
}
