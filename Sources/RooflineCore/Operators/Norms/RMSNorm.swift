/// RMSNorm of `rows` rows of `width` elements: y = x · rsqrt(mean(x²) + ε) · weight.
///
/// A row: squares w, their sum w, mean and ε 2, scale by the root w, by the weight w: 4w + 2 vector; one rsqrt.
package struct RMSNorm<Scalar: Term>: OperatorDefinition {
  package let rows, width: Scalar
  /// Whether each row's reciprocal root is stored for a backward pass.
  package let keepsRoot: Bool
  /// Where the rows lie before: norms of new keys that are in the cache already load and store them there.
  package let home: KeyValueHome
  /// Where the rows go.
  package let destination: KeyValueHome
  /// Whether a row is multiplied by a weight at the end; without one it is 3w + 2 and no bytes of a weight.
  package let hasWeight: Bool
  package let formats: NumberFormats

  package init(
    rows: Scalar, width: Scalar, keepsRoot: Bool = false, home: KeyValueHome = .activation,
    destination: KeyValueHome? = nil, hasWeight: Bool = true, formats: NumberFormats
  ) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.keepsRoot = keepsRoot
    self.home = home
    self.destination = destination ?? home
    self.hasWeight = hasWeight
    self.formats = formats
  }

  package var kind: OperatorKind { .rmsNorm }
  package var asOperator: Operator<Scalar> { .rmsNorm(self) }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: rows * ((hasWeight ? 4 : 3) * width + 2), special: rows)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, home.load, rows * width, home.format(formats)))
    if hasWeight { visit(Operand(.weight, .loadWeight, width, formats.residualFormat)) }
    visit(Operand(.output, destination.store, rows * width, destination.format(formats)))
    if keepsRoot { visit(Operand(.root, .storeActivation, rows, formats.residualFormat)) }
  }

  package var gradients: OperatorGradients<Scalar> {
    guard hasWeight else {
      return .rows([
        .init(.input, RMSNormGradient(rows: rows, width: width, by: .input, hasWeight: false, formats: formats))
      ])
    }
    return .rows([
      .init(.input, RMSNormGradient(rows: rows, width: width, by: .input, formats: formats)),
      .init(.scale, RMSNormGradient(rows: rows, width: width, by: .weight, formats: formats), weights: width),
    ])
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if hasWeight { visit(OperatorParameter(.weight, width, formats.residualFormat)) }
  }

  package var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(of: self, dtype: formats.residual, rows: rows, width: width, walk: .row)
  }

  package static var source: String { "RMSNorm, a row: squares w, sum w, mean and ε 2, two scalings 2w; one rsqrt" }
}
