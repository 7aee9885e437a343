/// Residual addition and the LayerNorm that follows it, in one pass: s = x + residual; y = LayerNorm(s).
///
/// A row: w additions on top of LayerNorm's 7w + 3. Both s and y are stored.
package struct AddLayerNorm<Scalar: Term>: OperatorDefinition {
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

  package var kind: OperatorKind { .addLayerNorm }
  package var asOperator: Operator<Scalar> { .addLayerNorm(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * (8 * width + 3), special: rows) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.residual, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.weight, .loadWeight, width, formats.residualFormat))
    visit(Operand(.bias, .loadWeight, width, formats.residualFormat))
    visit(Operand(.residual, .storeActivation, rows * width, formats.residualFormat))
    visit(Operand(.normalized, .storeActivation, rows * width, formats.residualFormat))
    if keepsStatistics { visit(Operand(.root, .storeActivation, 2 * rows, formats.residualFormat)) }
  }

  package var gradients: OperatorGradients<Scalar> {
    LayerNormGradient.all(rows: rows, width: width, addsResidual: true, formats: formats)
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, width, formats.residualFormat))
    visit(OperatorParameter(.bias, width, formats.residualFormat))
  }

  package static var source: String { "residual addition w, then LayerNorm, a row: 7w + 3; one rsqrt" }
}
