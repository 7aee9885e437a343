/// The gradients of lightning attention in blocks of Q, last block first: by queries, keys and values.
///
/// With the scores P = q·kᵀ ∘ Λ and the state S before a block that the forward pass kept, and dS the gradient of the
/// state behind it: dP = dO·vᵀ, Pᵀ·dO, (dP ∘ Λ)·k and its transpose times q, 8Q²d; dO·Sᵀ and (λ ∘ q)ᵀ·dO, (λ ∘ k)·dS
/// and v·dSᵀ, 8Q·d²: twice the forward products. Vector: the mask's decays Q²; queries and keys with their decays 2Qd,
/// as in the forward pass, their gradients from the state with the same decays, added, 4Qd, the values' sum Qd; the
/// decay and sum of dS 2d². No special functions: powers of λ are tables.
package struct LightningAttentionGradient<Scalar: Term>: GradientDefinition {
  package let attention: LightningAttention<Scalar>
  /// Tokens of a block.
  package let size: Scalar

  /// nil of what goes token after token, which no training step does.
  package init?(_ attention: LightningAttention<Scalar>) {
    guard case .chunks(let size) = attention.recurrence.form else { return nil }
    self.attention = attention
    self.size = size
  }

  package var kind: OperatorKind { .lightningAttentionGradient }
  package var asOperator: Operator<Scalar> { .lightningAttentionGradient(self) }

  package var matrixUnit: DType? { attention.formats.residual }

  package var flops: FLOPCounts<Scalar> {
    let dim = attention.headDim
    let blocks = attention.recurrence.chunks(of: size) * attention.heads
    let product: Scalar = 8 * size * size * dim + 8 * size * dim * dim
    let vector: Scalar = size * size + 7 * size * dim + 2 * dim * dim
    return FLOPCounts(product: blocks * product, on: attention.formats.residual, vector: blocks * vector)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = attention.formats.residualFormat
    let elements = attention.recurrence.tokens * attention.heads * attention.headDim
    visit(Operand(.outputGradient, .loadActivation, elements, format))
    visit(Operand(.input, .loadActivation, 3 * elements, format))
    attention.forEachKeptOperand(size, .loadActivation, visit)
    visit(Operand(.inputGradient, .storeActivation, 3 * elements, format))
  }

  package static var source: String {
    "gradients of lightning attention with the kept scores and states, blocks of Q: products 8Q²d + 8Q·d², vector Q² + 7Qd + 2d²"
  }
}
