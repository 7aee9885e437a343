/// The gradients of a gated delta rule that ran in chunks: by queries, keys, values and gates, from the last chunk to the
/// first.
///
/// Of a chunk: q, k, v, β, γ the sums of its g, S the state before it; kept are T, w, new values V′ and scores P. With
/// Q_γ = q·e^γ, K_w = β·k·e^γ, and K_e what k has become when the chunk ends:
///
///     dV′ = Pᵀ·dO + K_e·dS′    dP = dO·V′ᵀ    dw = −dV′·Sᵀ    d(βV) = Tᵀ·dV′    dK_w = Tᵀ·dw
///     dT = dV′·(βV)ᵀ + dw·K_wᵀ    dA = −Tᵀ·dT·Tᵀ below the diagonal    dQ_γ = dO·Sᵀ    dK_e = V′·dS′ᵀ
///     dS = e^γ·dS′ + Q_γᵀ·dO − wᵀ·dV′
///
/// and two products each of dP and of dA by queries and keys: twice the forward products, and 4Q³.
///
/// Vector work where a head decays: β·v Qd_v; β·k, K_w, Q_γ, K_e 4Qd_k; the sums of products in dV′ and dT Qd_v + Q²; dP and
/// dA times their decays 2Q²; dS 3d_k·d_v; dq 2Qd_k, dk 7Qd_k, dv Qd_v, dβ 2Q(d_k + d_v); dγ 6Qd_k from decayed vectors,
/// 2d_k·d_v from the state, 5Q² from the products of A and P with their gradients and from their rows and columns, and
/// 2Q + 2; dg, its sums from the end, Q. Where channels decay, the decays are in the vectors: 25Qd_k + 5Qd_v + Q² +
/// 5d_k·d_v + 2d_k. Value heads that share a key head add their gradients up, from zero.
///
/// No special functions: powers of e are kept. Masked squares are executed in full, as the forward ones are. (Yang et al.
/// 2024, arXiv:2412.06464; the order is that of the flash-linear-attention library.)
package struct DeltaRuleGradient<Scalar: Term>: GradientDefinition {
  package let rule: DeltaRule<Scalar>
  /// Tokens of a chunk.
  package let size: Scalar

  /// nil of a rule that runs step by step: nobody trains so.
  package init?(_ rule: DeltaRule<Scalar>) {
    guard case .chunks(let size) = rule.recurrence.form else { return nil }
    self.rule = rule
    self.size = size
  }

  package var kind: OperatorKind { .deltaRuleGradient }
  package var asOperator: Operator<Scalar> { .deltaRuleGradient(self) }

  package var matrixUnit: DType? { rule.formats.residual }

  private var tokens: Scalar { rule.recurrence.tokens }

  /// The gradient of the gates, which a fused kernel takes with its own.
  private var gates: DeltaGatesGradient<Scalar> { DeltaGatesGradient(rule.gates) }

  /// The recurrence alone.
  private var scan: FLOPCounts<Scalar> {
    let (keyDim, valueDim) = (rule.keyDim, rule.valueDim)
    let chunks = rule.recurrence.chunks(of: size) * rule.valueHeads
    let (square, area): (Scalar, Scalar) = (size * size, keyDim * valueDim)
    let (keys, values): (Scalar, Scalar) = (size * keyDim, size * valueDim)
    let product: Scalar = 2 * square * (6 * keyDim + 4 * valueDim + 2 * size) + 12 * size * area
    let both: Scalar = 5 * values + 5 * area
    let vector: Scalar
    switch rule.decay {
    case .head: vector = 8 * square + 21 * keys + 3 * size + 2 + both
    case .channel: vector = square + 25 * keys + 2 * keyDim + both
    }
    let isShared = rule.valueHeads.isAbove(rule.keyHeads)
    let shared: Scalar = isShared ? 2 * tokens * rule.valueHeads * keyDim : 0
    return FLOPCounts(product: chunks * product, on: rule.formats.residual, vector: chunks * vector + shared)
  }

  package var flops: FLOPCounts<Scalar> {
    guard rule.isFused else { return scan }
    let norms = L2NormGradient(rows: 2 * tokens * rule.keyHeads, width: rule.keyDim, formats: rule.formats)
    return scan + norms.flops + gates.flops
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = rule.formats.residualFormat
    let keys = tokens * rule.keyHeads * rule.keyDim
    let rows = tokens * rule.valueHeads
    let values = rows * rule.valueDim
    visit(Operand(.outputGradient, .loadActivation, values, format))
    visit(Operand(.value, .loadActivation, values, format))
    if rule.isFused {
      visit(Operand(.decay, .loadActivation, rows * rule.gateChannels, format))
      rule.gates.forEachWeightOperand(visit)
    } else {
      visit(Operand(.query, .loadActivation, keys, format))
      visit(Operand(.key, .loadActivation, keys, format))
      // Of a token's gates only β: what it forgets is in what was kept.
      visit(Operand(.gates, .loadActivation, rows, format))
    }
    rule.forEachKeptOperand(size: size, .loadActivation, visit)
    if rule.isFused {
      visit(Operand(.inputGradient, .storeActivation, 2 * keys + values, format))
      gates.forEachGradientOperand(visit)
    } else {
      visit(Operand(.queryGradient, .storeActivation, keys, format))
      visit(Operand(.keyGradient, .storeActivation, keys, format))
      visit(Operand(.valueGradient, .storeActivation, values, format))
      visit(Operand(.gateGradient, .storeActivation, rows * (rule.gateChannels + 1), format))
    }
  }

  package static var source: String {
    "gradient of a gated delta rule, a chunk of Q and value head: products 2Q²(6d_k + 4d_v + 2Q) + 12Q·d_k·d_v, twice the forward ones and two of squares for the inverse's; the inverse, scores, w, new values, decays and states are kept, not computed again"
  }
}
