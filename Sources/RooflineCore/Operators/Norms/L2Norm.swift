/// x · rsqrt(Σx² + ε) of `rows` rows of `width` elements, without a weight.
///
/// A row: squares w, their sum w, ε 1, scaling w: 3w + 1 vector; one rsqrt.
package struct L2Norm<Scalar: Term>: OperatorDefinition {
  package let rows, width: Scalar
  /// Whether each row's reciprocal root is stored for a backward pass.
  package let keepsRoot: Bool
  package let formats: NumberFormats

  package init(rows: Scalar, width: Scalar, keepsRoot: Bool = false, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.keepsRoot = keepsRoot
    self.formats = formats
  }

  package var kind: OperatorKind { .l2Norm }
  package var asOperator: Operator<Scalar> { .l2Norm(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * (3 * width + 1), special: rows) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.output, .storeActivation, rows * width, formats.residualFormat))
    if keepsRoot { visit(Operand(.root, .storeActivation, rows, formats.residualFormat)) }
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, L2NormGradient(rows: rows, width: width, formats: formats))])
  }

  package static var source: String { "L2 norm, a row: squares w, sum w, ε 1, scaling w; one rsqrt" }
}
