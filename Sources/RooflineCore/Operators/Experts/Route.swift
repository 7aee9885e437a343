/// From a router's logits to the experts that each token is sent to, and their weights.
///
/// A token: scores of E experts; a correction bias is added for the choice only; choosing compares. Renormalising the chosen
/// weights is K additions and K divisions, scaling them K multiplications. Softmax takes a logit 3 `vector` (subtract the maximum,
/// add, divide) and one exp; sigmoid 2 (1 + exp(−x), divide) and one exp; √softplus 2 (1 + exp(x), the root) and exp and log.
public struct Route<Scalar: Term>: OperatorDefinition {
  /// What makes a score of a logit.
  public enum Scoring: Hashable, Sendable, CaseIterable {
    case softmax
    /// Of the chosen experts' logits.
    case softmaxOfChosen
    case sigmoid, sqrtSoftplus
  }

  /// What happens to the chosen experts' scores.
  public struct Weighting: Hashable, Sendable {
    /// Divided by their sum.
    public var renormalises: Bool
    /// Times a constant.
    public var scales: Bool

    public init(renormalises: Bool = false, scales: Bool = false) {
      self.renormalises = renormalises
      self.scales = scales
    }
  }

  public let rows, experts, chosen: Scalar
  public let scoring: Scoring
  /// Whether the choice adds a learned bias, which checkpoints hold as a buffer.
  public let hasCorrection: Bool
  public let weighting: Weighting
  /// Whether each chosen weight is multiplied by a learned scale of its expert.
  public let hasExpertScales: Bool
  public let formats: NumberFormats

  public init(
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

  public var kind: OperatorKind { .route }
  public var asOperator: Operator<Scalar> { .route(self) }

  public var flops: FLOPCounts<Scalar> {
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

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.logits, .loadActivation, rows * experts, formats.residualFormat))
    if hasCorrection { visit(Operand(.bias, .loadWeight, experts, formats.residualFormat)) }
    if hasExpertScales { visit(Operand(.weight, .loadWeight, experts, formats.residualFormat)) }
    visit(Operand(.weights, .storeActivation, rows * chosen, formats.residualFormat))
    visit(Operand(.expertIDs, .storeActivation, rows * chosen, .tokenID))
  }

  public func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if hasExpertScales { visit(OperatorParameter(.weight, experts, formats.residualFormat)) }
    if hasCorrection { visit(OperatorParameter(.bias, experts, formats.residualFormat, isBuffer: true)) }
  }

  public static var source: String {
    "routing, a token: a score of each logit, the correction's additions, the chosen weights' sum, division and scale; choosing compares"
  }
}
