/// A gradient of RMSNorm's `rows` rows of `width` elements: of its input or of its weight γ.
///
/// dx = dy·γ·rrms − x/w · Σ(dy·γ·x·rrms³), with the rrms that the forward pass kept. A row: dy·γ w, its product with rrms w, the
/// sum's terms 2w and additions w, x/w times the sum 2w, the subtraction w, rrms³ 2: 8w + 2, and w less without a
/// weight. dγ = Σ dy·rrms·x over the rows: two products and an addition an element, 3w a row. No special functions.
package struct RMSNormGradient<Scalar: Term>: GradientDefinition {
  /// What the gradient is taken by.
  package enum Target: Hashable, Sendable { case input, weight }

  package let rows, width: Scalar
  package let target: Target
  /// Whether the gradient that skips the norm through the residual stream is added to dx: w more a row.
  package let addsResidual: Bool
  /// Whether the norm has a weight.
  package let hasWeight: Bool
  package let formats: NumberFormats

  package init(
    rows: Scalar, width: Scalar, by target: Target, addsResidual: Bool = false, hasWeight: Bool = true,
    formats: NumberFormats
  ) {
    self.hasWeight = hasWeight
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.target = target
    self.addsResidual = addsResidual && target == .input
    self.formats = formats
  }

  /// The same with the gradient that skips the norm added, or without.
  func addingResidual(_ addsResidual: Bool) -> RMSNormGradient {
    RMSNormGradient(
      rows: rows, width: width, by: target, addsResidual: addsResidual, hasWeight: hasWeight, formats: formats)
  }

  package var kind: OperatorKind { target == .input ? .rmsNormInputGradient : .rmsNormWeightGradient }
  package var asOperator: Operator<Scalar> { .rmsNormGradient(self) }

  package var flops: FLOPCounts<Scalar> {
    switch target {
    case .input: FLOPCounts(vector: rows * (operations * width + 2))
    case .weight: FLOPCounts(vector: rows * (3 * width))
    }
  }

  /// Of an element of the input's gradient.
  private var operations: Scalar {
    switch (addsResidual, hasWeight) {
    case (true, true): 9
    case (false, true), (true, false): 8
    case (false, false): 7
    }
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.root, .loadActivation, rows, formats.residualFormat))
    switch target {
    case .input:
      if hasWeight { visit(Operand(.weight, .loadWeight, width, formats.residualFormat)) }
      if addsResidual {
        visit(Operand(.residualGradient, .loadActivation, rows * width, formats.residualFormat))
      }
      visit(Operand(.inputGradient, .storeActivation, rows * width, formats.residualFormat))
    case .weight:
      visit(Operand(.weightGradient, .storeActivation, width, formats.residualFormat))
    }
  }

  package static var source: String {
    "gradient of RMSNorm with the kept rrms, a row: dx is dy·γ·rrms 2w, the sum's terms 2w, additions w, x/w times the sum 2w, subtraction w, rrms³ 2 (and w where the residual's gradient is added); dγ is two products and an addition an element"
  }
}
