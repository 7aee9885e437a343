/// The gates of a delta rule: how much a head forgets, g = −exp(A)·softplus(a + bias), and learns, β = sigmoid(b).
///
/// A gate g: the bias, 1 + exp, the product with the factor, whose exponential is taken at load: vector 3, exp and log; of a
/// head one, or one for each of its key's channels. β: 1 + exp(−b), the division: vector 2, one exp.
package struct DeltaGates<Scalar: Term>: OperatorDefinition {
  /// Tokens, heads, and gates g a head.
  package let tokens, heads, channels: Scalar
  package let formats: NumberFormats

  package init(tokens: Scalar, heads: Scalar, channels: Scalar, formats: NumberFormats) {
    self.tokens = tokens
    self.heads = heads
    self.channels = channels
    self.formats = formats
  }

  package var kind: OperatorKind { .deltaGates }
  package var asOperator: Operator<Scalar> { .deltaGates(self) }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: tokens * heads * (3 * channels + 2), special: tokens * heads * (2 * channels + 1))
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = formats.residualFormat
    visit(Operand(.decay, .loadActivation, tokens * heads * channels, format))
    visit(Operand(.gate, .loadActivation, tokens * heads, format))
    forEachWeightOperand(visit)
    visit(Operand(.gates, .storeActivation, tokens * heads * (channels + 1), format))
  }

  func forEachWeightOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.bias, .loadWeight, heads * channels, formats.residualFormat))
    visit(Operand(.weight, .loadWeight, heads, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> { .rows([.init(.backward, DeltaGatesGradient(self))]) }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.stepBias, heads * channels, formats.residualFormat))
    visit(OperatorParameter(.decay, heads, formats.residualFormat))
  }

  package static var source: String {
    "gates of a delta rule: g a bias 1, 1 + exp 1, a product 1; one exp, one log; β 1 + exp(−b), divide; one exp"
  }
}
