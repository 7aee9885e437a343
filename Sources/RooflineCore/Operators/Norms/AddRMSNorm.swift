/// Residual addition and the RMSNorm that follows it, in one pass: s = x + residual; y = RMSNorm(s).
///
/// A row: w additions on top of RMSNorm's 4w + 2. Both s and y are stored.
package struct AddRMSNorm<Scalar: Term>: OperatorDefinition {
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

  package var kind: OperatorKind { .addRMSNorm }
  package var asOperator: Operator<Scalar> { .addRMSNorm(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * (5 * width + 2), special: rows) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.residual, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.weight, .loadWeight, width, formats.residualFormat))
    visit(Operand(.residual, .storeActivation, rows * width, formats.residualFormat))
    visit(Operand(.normalized, .storeActivation, rows * width, formats.residualFormat))
    if keepsRoot { visit(Operand(.root, .storeActivation, rows, formats.residualFormat)) }
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([
      .init(.input, RMSNormGradient(rows: rows, width: width, by: .input, addsResidual: true, formats: formats)),
      .init(.scale, RMSNormGradient(rows: rows, width: width, by: .weight, formats: formats), weights: width),
    ])
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, width, formats.residualFormat))
  }

  package var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(of: self, dtype: formats.residual, rows: rows, width: width, walk: .row)
  }

  package static var source: String { "residual addition w, then RMSNorm, a row: 4w + 2; one rsqrt" }
}
