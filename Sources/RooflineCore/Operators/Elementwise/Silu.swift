/// silu(x) = x / (1 + exp(−x)): vector 2, special 1 an element.
public struct Silu<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  public let formats: NumberFormats

  public init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  public var kind: OperatorKind { .silu }
  public var asOperator: Operator<Scalar> { .silu(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 2 * elements, special: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String { "silu, an element: 1 + exp(−x), divide; one exp" }
}
