/// Adds up what each token's experts made of it: y = Σ w·row over its K pairs, from zero.
///
/// A pair's element: the product with its weight, which is left out where the experts' inputs were scaled instead, and the
/// addition.
package struct ExpertCombine<Scalar: Term>: OperatorDefinition {
  /// Token–expert pairs and tokens on this device, elements of a row.
  package let pairs, rows, width: Scalar
  package let isWeighted: Bool
  package let formats: NumberFormats

  package init(pairs: Scalar, rows: Scalar, width: Scalar, isWeighted: Bool = true, formats: NumberFormats) {
    self.pairs = pairs
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.isWeighted = isWeighted
    self.formats = formats
  }

  package var kind: OperatorKind { .expertCombine }
  package var asOperator: Operator<Scalar> { .expertCombine(self) }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: isWeighted ? 2 * pairs * width : pairs * width)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, pairs * width, formats.residualFormat))
    if isWeighted { visit(Operand(.weights, .loadActivation, pairs, formats.residualFormat)) }
    visit(Operand(.output, .storeActivation, rows * width, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> { .rows([.init(.backward, ExpertCombineGradient(self))]) }

  package static var source: String {
    "combining experts, an element of a token–expert pair: the product with the pair's weight, the addition from zero"
  }
}
