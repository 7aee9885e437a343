/// Lightning attention: S ← λ·S + k ⊗ v, y = Sᵀq, with a decay λ a head that is a constant. (Qin et al. 2024, arXiv:2401.04658.)
///
/// A step and head: decay d², outer product and its addition 2d², Sᵀq 2d²: vector 5d². A block of Q: tensor 2Q²d for the scores,
/// 2Q²d for their values, 2Q·d² each for the answer of the state and for its update; vector the mask's decays Q², the decays of
/// queries and keys and the sum 3Q·d, the state's decay and sum 2d². No special functions: powers of λ are tables.
package struct LightningAttention<Scalar: Term>: OperatorDefinition {
  package let recurrence: Recurrence<Scalar>
  package let heads, headDim: Scalar
  /// Whether what a backward pass needs of each block is stored.
  package let keepsScores: Bool
  package let formats: NumberFormats

  package init(
    _ recurrence: Recurrence<Scalar>, heads: Scalar, headDim: Scalar, keepsScores: Bool = false,
    formats: NumberFormats
  ) {
    self.recurrence = recurrence
    self.heads = heads
    self.headDim = headDim
    self.keepsScores = keepsScores
    self.formats = formats
  }

  package var kind: OperatorKind { .lightningAttention }
  package var asOperator: Operator<Scalar> { .lightningAttention(self) }

  package var matrixUnit: DType? { recurrence.matrixUnit(formats) }

  package var flops: FLOPCounts<Scalar> {
    let area = headDim * headDim
    switch recurrence.form {
    case .steps: return FLOPCounts(vector: recurrence.tokens * heads * (5 * area))
    case .chunks(let size):
      let chunks = recurrence.chunks(of: size) * heads
      let product: Scalar = 4 * size * size * headDim + 4 * size * area
      let vector: Scalar = size * size + 3 * size * headDim + 2 * area
      return FLOPCounts(product: chunks * product, on: formats.residual, vector: chunks * vector)
    }
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let elements = recurrence.tokens * heads * headDim
    visit(Operand(.input, .loadActivation, 3 * elements, formats.residualFormat))
    recurrence.forEachStateOperand(heads * headDim * headDim, visit)
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
    guard keepsScores, case .chunks(let size) = recurrence.form else { return }
    forEachKeptOperand(size, .storeActivation, visit)
  }

  /// What a backward pass needs of each block of `size` and head: the scores with their decays, a whole square, and the
  /// state before it.
  func forEachKeptOperand(_ size: Scalar, _ traffic: TrafficClass, _ visit: (Operand<Scalar>) -> Void) {
    let blocks = recurrence.chunks(of: size) * heads
    visit(Operand(.scores, traffic, blocks * size * size, formats.residualFormat))
    visit(Operand(.states, traffic, blocks * headDim * headDim, recurrence.stateFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    LightningAttentionGradient(self).map { .rows([.init(.backward, $0)]) } ?? .unknown
  }

  package static var source: String {
    "lightning attention, a step and head: decay 1, outer product 2, Sᵀq 2 an element of the state; blocks of Q: products 4Q²d + 4Q·d²"
  }
}
