/// LayerNorm: y = (x − mean) · rsqrt(variance + ε) · weight + bias.
///
/// A row: sum w and mean 1, centre w, squares and their sum 2w, variance and ε 2, scale by the root, by the weight, shift 3w:
/// 7w + 3 vector; one rsqrt.
package struct LayerNorm<Scalar: Term>: OperatorDefinition {
  package let rows, width: Scalar
  /// Whether each row's mean and reciprocal root are stored for a backward pass.
  package let keepsStatistics: Bool
  package let formats: NumberFormats

  package init(rows: Scalar, width: Scalar, keepsStatistics: Bool = false, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.keepsStatistics = keepsStatistics
    self.formats = formats
  }

  package var kind: OperatorKind { .layerNorm }
  package var asOperator: Operator<Scalar> { .layerNorm(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * (7 * width + 3), special: rows) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.weight, .loadWeight, width, formats.residualFormat))
    visit(Operand(.bias, .loadWeight, width, formats.residualFormat))
    visit(Operand(.output, .storeActivation, rows * width, formats.residualFormat))
    if keepsStatistics { visit(Operand(.root, .storeActivation, 2 * rows, formats.residualFormat)) }
  }

  package var gradients: OperatorGradients<Scalar> {
    LayerNormGradient.all(rows: rows, width: width, addsResidual: false, formats: formats)
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, width, formats.residualFormat))
    visit(OperatorParameter(.bias, width, formats.residualFormat))
  }

  package var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(of: self, dtype: formats.residual, rows: rows, width: width, walk: .row)
  }

  package static var source: String {
    "LayerNorm, a row: sum w, mean 1, centre w, squares and sum 2w, variance and ε 2, two scalings and a shift 3w; one rsqrt"
  }
}
