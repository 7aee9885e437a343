/// x · sigmoid(gate) = x / (1 + exp(−gate)): a gate for each element, or one for several.
///
/// A gate: 1 + exp(−g), one exp; an element: the division.
public struct SigmoidGate<Scalar: Term>: OperatorDefinition {
  public let elements, gates: Scalar
  public let formats: NumberFormats

  public init(elements: Scalar, gates: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.gates = gates
    self.formats = formats
  }

  public var kind: OperatorKind { .sigmoidGate }
  public var asOperator: Operator<Scalar> { .sigmoidGate(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: elements + gates, special: gates) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.gate, .loadActivation, gates, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  public static var source: String { "sigmoid gate: 1 + exp(−g) and one exp a gate, a division an element" }
}
