/// x · sigmoid(gate) = x / (1 + exp(−gate)): the gate of an attention's output.
///
/// Each of `gates` gates stands for `width` elements, one where every element has its own. A gate: the addition and one exp; an
/// element: the division.
package struct SigmoidGate<Scalar: Term>: OperatorDefinition {
  package let gates, width: Scalar
  package let formats: NumberFormats

  package init(gates: Scalar, width: Scalar, formats: NumberFormats) {
    self.gates = gates.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  package var kind: OperatorKind { .sigmoidGate }
  package var asOperator: Operator<Scalar> { .sigmoidGate(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: gates * (width + 1), special: gates) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, gates * width, formats.residualFormat))
    visit(Operand(.gate, .loadActivation, gates, formats.residualFormat))
    visit(Operand(.output, .storeActivation, gates * width, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, SigmoidGateGradient(gates: gates, width: width, formats: formats))])
  }

  package static var source: String { "sigmoid gate: a gate 1 + exp(−g) and one exp; an element the division" }
}
