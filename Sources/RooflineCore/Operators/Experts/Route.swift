/// From a router's logits to the experts that each token is sent to, and their weights.
///
/// A token: scores of E experts; a correction bias is added for the choice only; choosing compares. Renormalising the chosen
/// weights is K additions and K divisions, scaling them K multiplications. Softmax takes a logit 3 `vector` (subtract the maximum,
/// add, divide) and one exp; sigmoid 2 (1 + exp(−x), divide) and one exp; √softplus 2 (1 + exp(x), the root) and exp and log.
package struct Route<Scalar: Term>: OperatorDefinition {
  /// What makes a score of a logit.
  package enum Scoring: Hashable, Sendable, CaseIterable {
    case softmax
    /// Of the chosen experts' logits.
    case softmaxOfChosen
    case sigmoid, sqrtSoftplus
  }

  /// What happens to the chosen experts' scores.
  package struct Weighting: Hashable, Sendable {
    /// Divided by their sum.
    package var renormalises: Bool
    /// Times a constant.
    package var scales: Bool

    package init(renormalises: Bool = false, scales: Bool = false) {
      self.renormalises = renormalises
      self.scales = scales
    }
  }

  package let rows, experts, chosen: Scalar
  package let scoring: Scoring
  /// Whether the choice adds a learned bias, which checkpoints hold as a buffer.
  package let hasCorrection: Bool
  package let weighting: Weighting
  /// Whether each chosen weight is multiplied by a learned scale of its expert.
  package let hasExpertScales: Bool
  package let formats: NumberFormats

  package init(
    rows: Scalar, experts: Scalar, chosen: Scalar, scoring: Scoring, hasCorrection: Bool = false,
    weighting: Weighting = Weighting(), hasExpertScales: Bool = false, formats: NumberFormats
  ) {
    self.rows = rows.named(.rows)
    self.experts = experts
    self.chosen = chosen
    self.scoring = scoring
    self.hasCorrection = hasCorrection
    self.weighting = weighting
    self.hasExpertScales = hasExpertScales
    self.formats = formats
  }

  package var kind: OperatorKind { .route }
  package var asOperator: Operator<Scalar> { .route(self) }

  package var flops: FLOPCounts<Scalar> {
    let (scores, weights) = (rows * experts, rows * chosen)
    var counts: FLOPCounts<Scalar> =
      switch scoring {
      case .softmax: FLOPCounts(vector: 3 * scores, special: scores)
      case .softmaxOfChosen: FLOPCounts(vector: 3 * weights, special: weights)
      case .sigmoid: FLOPCounts(vector: 2 * scores, special: scores)
      case .sqrtSoftplus: FLOPCounts(vector: 2 * scores, special: 2 * scores)
      }
    if hasCorrection { counts.vector = counts.vector + scores }
    if weighting.renormalises { counts.vector = counts.vector + 2 * weights }
    if hasExpertScales { counts.vector = counts.vector + weights }
    if weighting.scales { counts.vector = counts.vector + weights }
    return counts
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.logits, .loadActivation, rows * experts, formats.residualFormat))
    if hasCorrection { visit(Operand(.bias, .loadWeight, experts, formats.residualFormat)) }
    if hasExpertScales { visit(Operand(.weight, .loadWeight, experts, formats.residualFormat)) }
    visit(Operand(.weights, .storeActivation, rows * chosen, formats.residualFormat))
    visit(Operand(.expertIDs, .storeActivation, rows * chosen, .tokenID))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, RouteGradient(self))])
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if hasExpertScales { visit(OperatorParameter(.weight, experts, formats.residualFormat)) }
    // Checkpoints keep it in fp32 beside tensors of any format.
    if hasCorrection {
      visit(OperatorParameter(.bias, experts, ElementFormat(.residualBytes, .fp32), isBuffer: true))
    }
  }

  package static var source: String {
    "routing, a token: a score of each logit, the correction's additions, the chosen weights' sum, division and scale; choosing compares"
  }
}
