/// The gradient of routing: of the router's logits, from that of the chosen experts' weights. The choice and its correction have
/// none; a loss that balances the experts is not counted.
///
/// The scores are computed again from the logits, as a gated activation's gradient does: of all E where softmax is over all, else
/// of the K chosen. A token: the constant's product K; with a learned scale of each expert, whose gradient Σ dw·ŵ adds up over the tokens,
/// 3K; renormalised weights w = s/Σs: the sum, the weights, Σ dw·w and
/// (dw − Σ dw·w)/Σs, 6K. Softmax over all: D = Σ ds·p of the chosen 2K, (ds − D)·p of all 2E; of the chosen 4K. Sigmoid,
/// ds·σ·(1 − σ), 3K. √softplus with e = exp(x), ds·e/((1 + e)·s·2), 4K.
package struct RouteGradient<Scalar: Term>: GradientDefinition {
  package let route: Route<Scalar>

  package init(_ route: Route<Scalar>) { self.route = route }

  package var kind: OperatorKind { .routeGradient }
  package var asOperator: Operator<Scalar> { .routeGradient(self) }

  private var scores: Scalar { route.rows * route.experts }
  private var chosen: Scalar { route.rows * route.chosen }

  package var flops: FLOPCounts<Scalar> {
    var counts: FLOPCounts<Scalar> =
      switch route.scoring {
      case .softmax: FLOPCounts(vector: 5 * scores + 2 * chosen, special: scores)
      case .softmaxOfChosen: FLOPCounts(vector: 7 * chosen, special: chosen)
      case .sigmoid: FLOPCounts(vector: 5 * chosen, special: chosen)
      case .sqrtSoftplus: FLOPCounts(vector: 6 * chosen, special: 2 * chosen)
      }
    if route.weighting.renormalises { counts.vector = counts.vector + 6 * chosen }
    if route.hasExpertScales { counts.vector = counts.vector + 3 * chosen }
    if route.weighting.scales { counts.vector = counts.vector + chosen }
    return counts
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = route.formats.residualFormat
    visit(Operand(.outputGradient, .loadActivation, chosen, format))
    visit(Operand(.logits, .loadActivation, route.scoring == .softmax ? scores : chosen, format))
    visit(Operand(.expertIDs, .loadActivation, chosen, .tokenID))
    if route.hasExpertScales { visit(Operand(.weight, .loadWeight, route.experts, format)) }
    visit(Operand(.inputGradient, .storeActivation, scores, format))
    if route.hasExpertScales { visit(Operand(.weightGradient, .storeActivation, route.experts, format)) }
  }

  package static var source: String {
    "gradient of routing, a token: the scores again, the renormalised weights' 6 operations a chosen expert, 3 where each expert has a learned scale, the scores' own derivative; zero for logits that the choice leaves out, except in a softmax over all"
  }
}
