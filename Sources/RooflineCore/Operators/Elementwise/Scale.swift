/// Multiplies each element by a constant: one multiplication.
public struct Scale<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  public let formats: NumberFormats

  public init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  public var kind: OperatorKind { .scale }
  public var asOperator: Operator<Scalar> { .scale(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String { "scaling by a constant: one multiplication an element" }
}
