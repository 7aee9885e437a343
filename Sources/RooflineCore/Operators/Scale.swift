/// Multiplies each element by a constant: one multiplication.
public struct Scale<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  /// Where the elements lie, before and after.
  public let home: KeyValueHome
  public let formats: NumberFormats

  public init(elements: Scalar, home: KeyValueHome = .activation, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.home = home
    self.formats = formats
  }

  public var kind: OperatorKind { .scale }
  public var asOperator: Operator<Scalar> { .scale(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, home.load, elements, home.format(formats)))
    visit(Operand(.output, home.store, elements, home.format(formats)))
  }

  public static var source: String { "scaling by a constant: one multiplication an element" }
}
