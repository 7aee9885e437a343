/// A gradient of LayerNorm's `rows` rows of `width` elements: of its input or of its weight γ. That of its bias is a `BiasGradient`.
///
/// With the mean and the reciprocal root r that the forward pass kept, n = (x − mean)·r: 2w a row. dx = r·(g − Σg/w − n·Σ(g·n)/w) with
/// g = dy·γ: g w, both sums 3w, their shares 2, the product with n w, two subtractions 2w, r w: 10w + 2. dγ = Σ dy·n over the rows: a product
/// and an addition an element, 4w a row with n. No special functions.
package struct LayerNormGradient<Scalar: Term>: GradientDefinition {
  /// What the gradient is taken by.
  package enum Target: Hashable, Sendable { case input, weight }

  package let rows, width: Scalar
  package let target: Target
  /// Whether the gradient that skips the norm through the residual stream is added to dx: w more a row.
  package let addsResidual: Bool
  package let formats: NumberFormats

  package init(rows: Scalar, width: Scalar, by target: Target, addsResidual: Bool = false, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.target = target
    self.addsResidual = addsResidual && target == .input
    self.formats = formats
  }

  /// The same with the gradient that skips the norm added, or without.
  func addingResidual(_ addsResidual: Bool) -> LayerNormGradient {
    LayerNormGradient(rows: rows, width: width, by: target, addsResidual: addsResidual, formats: formats)
  }

  /// All gradients of such a norm, the residual's added to the input's or not.
  static func all(
    rows: Scalar, width: Scalar, addsResidual: Bool, formats: NumberFormats
  ) -> OperatorGradients<Scalar> {
    .rows([
      .init(
        .input,
        LayerNormGradient(rows: rows, width: width, by: .input, addsResidual: addsResidual, formats: formats)),
      .init(.scale, LayerNormGradient(rows: rows, width: width, by: .weight, formats: formats), weights: 2 * width),
      .init(.bias, BiasGradient(rows: rows, width: width, formats: formats)),
    ])
  }

  package var kind: OperatorKind { target == .input ? .layerNormInputGradient : .layerNormWeightGradient }
  package var asOperator: Operator<Scalar> { .layerNormGradient(self) }

  package var flops: FLOPCounts<Scalar> {
    switch target {
    case .input: FLOPCounts(vector: rows * ((addsResidual ? 11 : 10) * width + 2))
    case .weight: FLOPCounts(vector: rows * (4 * width))
    }
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.root, .loadActivation, 2 * rows, formats.residualFormat))
    switch target {
    case .input:
      visit(Operand(.weight, .loadWeight, width, formats.residualFormat))
      if addsResidual {
        visit(Operand(.residualGradient, .loadActivation, rows * width, formats.residualFormat))
      }
      visit(Operand(.inputGradient, .storeActivation, rows * width, formats.residualFormat))
    case .weight:
      visit(Operand(.weightGradient, .storeActivation, width, formats.residualFormat))
    }
  }

  package static var source: String {
    "gradient of LayerNorm with the kept mean and root, a row: n = (x − mean)·r 2w; dx is dy·γ w, two sums 3w, their shares 2, n times one w, two subtractions 2w, times r w (and w where the residual's gradient is added); dγ is a product and an addition an element"
  }
}
