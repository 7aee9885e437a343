/// cap · tanh(x / cap), which keeps scores or logits within ±cap.
///
/// An element: the product with 1/cap, tanh, the product with cap: vector 2, special 1.
public struct Softcap<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  public let formats: NumberFormats

  public init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  public var kind: OperatorKind { .softcap }
  public var asOperator: Operator<Scalar> { .softcap(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 2 * elements, special: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String { "soft cap, an element: scale, tanh, scale" }
}
