/// relu, max(x, 0): a comparison an element, which is no FLOP; what it costs is memory traffic.
public struct Relu<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  public let formats: NumberFormats

  public init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  public var kind: OperatorKind { .relu }
  public var asOperator: Operator<Scalar> { .relu(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts() }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String { "relu: a comparison an element, which is not counted as a FLOP" }
}
