/// relu(x)², the activation of Nemotron's two-matrix MLPs: one multiplication an element; relu compares.
public struct ReluSquared<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  public let formats: NumberFormats

  public init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  public var kind: OperatorKind { .reluSquared }
  public var asOperator: Operator<Scalar> { .reluSquared(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String { "squared relu, an element: one multiplication; relu compares" }
}
