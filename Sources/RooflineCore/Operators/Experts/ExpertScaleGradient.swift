/// The gradients of scaling experts' inputs, y = w·x of each token–expert pair, by the tokens' rows and by the weights.
///
/// A pair's element: w·dY one, and where a row goes to several experts its addition to the row's; dY·x and its addition to the
/// weight's sum two.
package struct ExpertScaleGradient<Scalar: Term>: GradientDefinition {
  package let scale: ExpertScale<Scalar>

  package init(_ scale: ExpertScale<Scalar>) { self.scale = scale }

  package var kind: OperatorKind { .expertScaleGradient }
  package var asOperator: Operator<Scalar> { .expertScaleGradient(self) }

  private var elements: Scalar { scale.pairs * scale.width }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: (scale.pairs.isAbove(scale.rows) ? 4 : 3) * elements)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = scale.formats.residualFormat
    visit(Operand(.outputGradient, .loadActivation, elements, format))
    visit(Operand(.input, .loadActivation, scale.rows * scale.width, format))
    visit(Operand(.weights, .loadActivation, scale.pairs, format))
    visit(Operand(.inputGradient, .storeActivation, scale.rows * scale.width, format))
    visit(Operand(.weightGradient, .storeActivation, scale.pairs, format))
  }

  package static var source: String {
    "gradient of scaling experts' inputs, an element of a token–expert pair: dY times the weight, added up where a row has several; dY times the row, and the addition"
  }
}
