/// The gradient of an L2 norm's `rows` rows of `width` elements by its input.
///
/// y = x·r with r = rsqrt(Σx² + ε), both of which the forward pass kept: dx = r·(dy − y·Σ(dy·y)). A row: the sum's products
/// and additions 2w, y times the sum w, the subtraction w, times r w: 5w. No special functions.
package struct L2NormGradient<Scalar: Term>: GradientDefinition {
  package let rows, width: Scalar
  package let formats: NumberFormats

  package init(rows: Scalar, width: Scalar, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  package var kind: OperatorKind { .l2NormGradient }
  package var asOperator: Operator<Scalar> { .l2NormGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * (5 * width)) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.output, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.root, .loadActivation, rows, formats.residualFormat))
    visit(Operand(.inputGradient, .storeActivation, rows * width, formats.residualFormat))
  }

  package static var source: String {
    "gradient of an L2 norm with its kept result y and root r, a row: Σ dy·y 2w, y times it w, subtraction w, times r w"
  }
}
