/// The gradients of x·σ(gate), σ = 1/(1 + exp(−g)), by x and by the gate, which stands for `width` elements.
///
/// A gate: σ 2 and one exp; its gradient is Σ dY·x, two operations an element, times σ·(1 − σ), 3. An element's: dY·σ.
package struct SigmoidGateGradient<Scalar: Term>: GradientDefinition {
  package let gates, width: Scalar
  package let formats: NumberFormats

  package init(gates: Scalar, width: Scalar, formats: NumberFormats) {
    self.gates = gates.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  package var kind: OperatorKind { .sigmoidGateGradient }
  package var asOperator: Operator<Scalar> { .sigmoidGateGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: gates * (3 * width + 5), special: gates) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, gates * width, formats.residualFormat))
    visit(Operand(.input, .loadActivation, gates * width, formats.residualFormat))
    visit(Operand(.gate, .loadActivation, gates, formats.residualFormat))
    visit(Operand(.inputGradient, .storeActivation, gates * width, formats.residualFormat))
    visit(Operand(.gateGradient, .storeActivation, gates, formats.residualFormat))
  }

  package static var source: String {
    "gradient of a sigmoid gate: a gate σ = 1/(1 + exp(−g)) 2, its sum's product with σ·(1 − σ) 3, one exp; an element dY·σ 1, dY·x and its addition 2"
  }
}
