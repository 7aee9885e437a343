/// Mamba-2's scan: a state of P × N a head, S ← exp(Δ·A)·S + Δ·x ⊗ B, y = C·S + D·x, with B and C shared by a group of heads.
/// (Dao and Gu 2024, arXiv:2405.21060.)
///
/// A step and head: Δ·A 1 and its exp, Δ·x P, the decay PN, x ⊗ B PN, its addition PN, C·S 2PN, D·x and its addition 2P: vector
/// 5PN + 3P + 1, special 1. A chunk of Q: tensor 2Q²N a group, 2Q²P + 4QPN a head, vector 3Q + 2Q² + 6QP + 2PN, special
/// Q² + 2Q + 1 a head.
package struct StateSpaceScan<Scalar: Term>: OperatorDefinition {
  package let recurrence: Recurrence<Scalar>
  package let heads, headDim, groups, stateSize: Scalar
  /// Whether the kernel adds the bias to the step sizes and takes their softplus.
  package let isFused: Bool
  /// Whether what a backward pass needs of each chunk is stored.
  package let keepsScores: Bool
  package let formats: NumberFormats

  package init(
    _ recurrence: Recurrence<Scalar>, heads: Scalar, headDim: Scalar, groups: Scalar, stateSize: Scalar,
    isFused: Bool = false, keepsScores: Bool = false, formats: NumberFormats
  ) {
    self.recurrence = recurrence
    self.heads = heads
    self.headDim = headDim
    self.groups = groups
    self.stateSize = stateSize
    self.isFused = isFused
    self.keepsScores = keepsScores
    self.formats = formats
  }

  package var kind: OperatorKind { .stateSpaceScan }
  package var asOperator: Operator<Scalar> { .stateSpaceScan(self) }

  package var matrixUnit: DType? { recurrence.matrixUnit(formats) }

  private var scan: FLOPCounts<Scalar> {
    let area = headDim * stateSize
    switch recurrence.form {
    case .steps:
      let steps = recurrence.tokens * heads
      return FLOPCounts(vector: steps * (5 * area + 3 * headDim + 1), special: steps)
    case .chunks(let size):
      let chunks = recurrence.chunks(of: size)
      let square = size * size
      let shared: Scalar = groups * (2 * square * stateSize)
      let own: Scalar = heads * (2 * square * headDim + 4 * size * area)
      let vector: Scalar = 3 * size + 2 * square + 6 * size * headDim + 2 * area
      let special: Scalar = square + 2 * size + 1
      return FLOPCounts(
        product: chunks * (shared + own), on: formats.residual, vector: chunks * heads * vector,
        special: chunks * heads * special)
    }
  }

  package var flops: FLOPCounts<Scalar> {
    guard isFused else { return scan }
    let steps = recurrence.tokens * heads
    return scan + FLOPCounts(vector: 2 * steps, special: 2 * steps)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = formats.residualFormat
    let tokens = recurrence.tokens
    visit(Operand(.input, .loadActivation, tokens * (heads * headDim + 2 * groups * stateSize), format))
    visit(Operand(.stepSize, .loadActivation, tokens * heads, format))
    if isFused { visit(Operand(.bias, .loadWeight, heads, format)) }
    visit(Operand(.decay, .loadWeight, heads, format))
    visit(Operand(.weight, .loadWeight, heads, format))
    recurrence.forEachStateOperand(heads * headDim * stateSize, visit)
    visit(Operand(.output, .storeActivation, tokens * heads * headDim, format))
    guard keepsScores, case .chunks(let size) = recurrence.form else { return }
    forEachKeptOperand(size, .storeActivation, visit)
  }

  /// What a backward pass needs of each chunk of `size` and head: the scores with their decays and the decays by
  /// themselves, whole squares, the decays from its beginning and to its end, the state before it; and step sizes that
  /// are nobody's input.
  func forEachKeptOperand(_ size: Scalar, _ traffic: TrafficClass, _ visit: (Operand<Scalar>) -> Void) {
    let chunks = recurrence.chunks(of: size) * heads
    visit(Operand(.scores, traffic, chunks * (2 * size * size + 2 * size), formats.residualFormat))
    visit(Operand(.states, traffic, chunks * headDim * stateSize, recurrence.stateFormat))
    if isFused { visit(Operand(.stepSize, traffic, recurrence.tokens * heads, formats.residualFormat)) }
  }

  package var gradients: OperatorGradients<Scalar> {
    StateSpaceScanGradient(self).map { .rows([.init(.backward, $0)]) } ?? .unknown
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if isFused { visit(OperatorParameter(.stepBias, heads, formats.residualFormat)) }
    visit(OperatorParameter(.decay, heads, formats.residualFormat))
    visit(OperatorParameter(.skip, heads, formats.residualFormat))
  }

  package static var source: String {
    "Mamba-2 scan, a step and head: decay 1, x⊗B 2, C·S 2 an element of the state, 3P + 1; one exp; chunks of Q: 2Q²N a group, 2Q²P + 4QPN a head"
  }
}
