/// The gradient of combining experts, y = Σ w·row over a token's pairs: of each pair's row, and of its weight.
///
/// A pair's element: the row's, w·dY, one product; the weight's, dY·row and its addition to the sum, two. Without weights, dY is
/// each row's gradient, and moves.
package struct ExpertCombineGradient<Scalar: Term>: GradientDefinition {
  package let combine: ExpertCombine<Scalar>

  package init(_ combine: ExpertCombine<Scalar>) { self.combine = combine }

  package var kind: OperatorKind { .expertCombineGradient }
  package var asOperator: Operator<Scalar> { .expertCombineGradient(self) }

  private var elements: Scalar { combine.pairs * combine.width }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: combine.isWeighted ? 3 * elements : 0) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = combine.formats.residualFormat
    visit(Operand(.outputGradient, .loadActivation, combine.rows * combine.width, format))
    if combine.isWeighted {
      visit(Operand(.input, .loadActivation, elements, format))
      visit(Operand(.weights, .loadActivation, combine.pairs, format))
    }
    visit(Operand(.inputGradient, .storeActivation, elements, format))
    if combine.isWeighted { visit(Operand(.weightGradient, .storeActivation, combine.pairs, format)) }
  }

  package static var source: String {
    "gradient of combining experts, an element of a token–expert pair: dY times the pair's weight; dY times the row, and the addition to the weight's sum"
  }
}
