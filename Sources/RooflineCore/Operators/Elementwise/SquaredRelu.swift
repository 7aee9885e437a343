/// relu(x)²: a comparison, which is no FLOP, and a product an element.
public struct SquaredRelu<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  public let formats: NumberFormats

  public init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  public var kind: OperatorKind { .squaredRelu }
  public var asOperator: Operator<Scalar> { .squaredRelu(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String { "relu², an element: a comparison, which is not counted, and a product" }
}
