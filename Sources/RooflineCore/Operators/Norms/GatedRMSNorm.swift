/// RMSNorm of `rows` rows of `width` elements and a gate z: silu(z) or sigmoid(z) times the row, before the norm or behind it.
///
/// A row: RMSNorm's 4w + 2 vector and one rsqrt. An element of the gate: silu 1 + exp(−z), division, product: vector 3,
/// special 1; a sigmoid divides the row's element itself: vector 2, special 1.
package struct GatedRMSNorm<Scalar: Term>: OperatorDefinition {
  package enum Gate: Hashable, Sendable { case silu, sigmoid }

  package let rows, width: Scalar
  /// Elements of the weight: `width` where all rows share it, more where groups of a wider row have their own.
  package let weightElements: Scalar
  package let gate: Gate
  /// Whether each row's reciprocal root is stored for a backward pass.
  package let keepsRoot: Bool
  package let formats: NumberFormats

  package init(
    rows: Scalar, width: Scalar, weightElements: Scalar, gate: Gate, keepsRoot: Bool = false, formats: NumberFormats
  ) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.weightElements = weightElements
    self.gate = gate
    self.keepsRoot = keepsRoot
    self.formats = formats
  }

  package var kind: OperatorKind { .gatedRMSNorm }
  package var asOperator: Operator<Scalar> { .gatedRMSNorm(self) }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: rows * ((gate == .silu ? 7 : 6) * width + 2), special: rows * (width + 1))
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.gate, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.weight, .loadWeight, weightElements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, rows * width, formats.residualFormat))
    if keepsRoot { visit(Operand(.root, .storeActivation, rows, formats.residualFormat)) }
  }

  package var gradients: OperatorGradients<Scalar> { .rows([.init(.backward, GatedRMSNormGradient(self))]) }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, weightElements, formats.residualFormat))
  }

  package static var source: String {
    "gated RMSNorm, a row: RMSNorm 4w + 2 and one rsqrt; an element of the gate: 1 + exp(−z), divide, and with silu a product; one exp"
  }
}
