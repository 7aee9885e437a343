/// x · sigmoid(gate) = x / (1 + exp(−gate)): the gate of an attention's output.
///
/// Each of `gates` gates stands for `width` elements, one where every element has its own. A gate: the addition and one exp; an
/// element: the division.
public struct SigmoidGate<Scalar: Term>: OperatorDefinition {
  public let gates, width: Scalar
  public let formats: NumberFormats

  public init(gates: Scalar, width: Scalar, formats: NumberFormats) {
    self.gates = gates.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  public var kind: OperatorKind { .sigmoidGate }
  public var asOperator: Operator<Scalar> { .sigmoidGate(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: gates * (width + 1), special: gates) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, gates * width, formats.residualFormat))
    visit(Operand(.gate, .loadActivation, gates, formats.residualFormat))
    visit(Operand(.output, .storeActivation, gates * width, formats.residualFormat))
  }

  public static var source: String { "sigmoid gate: a gate 1 + exp(−g) and one exp; an element the division" }
}
