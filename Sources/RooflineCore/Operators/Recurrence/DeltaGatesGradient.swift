/// The gradients of a delta rule's gates g = −exp(A)·softplus(z), z = a + bias, and β = sigmoid(b): by a, b, the bias and A.
///
/// With f = −exp(A), taken at load, and g and β that the forward pass wrote: da = dg·f·σ(z), the bias's gradient is its sum
/// over the tokens, A's the sum of dg·g over tokens and channels, since ∂g/∂A = g; db = dβ·β·(1 − β). A gate g: z 1, σ 2 and
/// one exp, da 2, the bias's sum 1, A's product and sum 2: vector 8. A β: 3.
package struct DeltaGatesGradient<Scalar: Term>: GradientDefinition {
  package let gates: DeltaGates<Scalar>

  package init(_ gates: DeltaGates<Scalar>) { self.gates = gates }

  package var kind: OperatorKind { .deltaGatesGradient }
  package var asOperator: Operator<Scalar> { .deltaGatesGradient(self) }

  private var rows: Scalar { gates.tokens * gates.heads }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: rows * (8 * gates.channels + 3), special: rows * gates.channels)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = gates.formats.residualFormat
    visit(Operand(.outputGradient, .loadActivation, rows * (gates.channels + 1), format))
    visit(Operand(.gates, .loadActivation, rows * (gates.channels + 1), format))
    visit(Operand(.decay, .loadActivation, rows * gates.channels, format))
    gates.forEachWeightOperand(visit)
    forEachGradientOperand(visit)
  }

  /// What is stored, also by a kernel that has the gates' gradients to itself.
  func forEachGradientOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = gates.formats.residualFormat
    visit(Operand(.decayGradient, .storeActivation, rows * gates.channels, format))
    visit(Operand(.gateGradient, .storeActivation, rows, format))
    visit(Operand(.biasGradient, .storeActivation, gates.heads * gates.channels, format))
    visit(Operand(.weightGradient, .storeActivation, gates.heads, format))
  }

  package static var source: String {
    "gradient of a delta rule's gates: a g has z = a + bias 1, σ(z) 2 and one exp, da = dg·f·σ 2, the bias's sum 1, A's dg·g and its sum 2; a β has dβ·β·(1 − β) 3"
  }
}
