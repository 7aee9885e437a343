/// Each token's row, times its weight, for each of the experts that it is sent to: what they read where inputs are weighted
/// instead of outputs. One multiplication an element of a token–expert pair.
package struct ExpertScale<Scalar: Term>: OperatorDefinition {
  /// Token–expert pairs and tokens on this device, elements of a row.
  package let pairs, rows, width: Scalar
  package let formats: NumberFormats

  package init(pairs: Scalar, rows: Scalar, width: Scalar, formats: NumberFormats) {
    self.pairs = pairs
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  package var kind: OperatorKind { .expertScale }
  package var asOperator: Operator<Scalar> { .expertScale(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: pairs * width) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.weights, .loadActivation, pairs, formats.residualFormat))
    visit(Operand(.output, .storeActivation, pairs * width, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> { .rows([.init(.backward, ExpertScaleGradient(self))]) }

  package static var source: String { "scaling experts' inputs: one multiplication an element of a token–expert pair" }
}
