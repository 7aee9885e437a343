/// The gated delta rule: a state S of d_k × d_v a value head that forgets by g, learns β·(v − Sᵀk) under the key k, and answers
/// Sᵀq. (Yang et al. 2024, arXiv:2412.06464; with a gate for each channel of the key, Kimi Linear, arXiv:2510.26692.)
///
/// A step: the decay d_k·d_v, Sᵀk 2·d_k·d_v, the difference and its product with β 2·d_v (by channel: β goes to the key,
/// d_k + d_v), the outer product and its addition 2·d_k·d_v, Sᵀq 2·d_k·d_v; one exp a gate. A chunk of Q: key products, the
/// triangular inverse by substitution, W and U, four products with the state, intra-chunk attention; masked squares in full.
package struct DeltaRule<Scalar: Term>: OperatorDefinition {
  /// What has a gate g of its own.
  package enum Decay: Hashable, Sendable { case head, channel }

  package let recurrence: Recurrence<Scalar>
  package let keyHeads, valueHeads, keyDim, valueDim: Scalar
  package let decay: Decay
  /// Whether the kernel takes the convolution's output and the gates' projections as they are: it normalises queries and keys
  /// and computes the gates.
  package let isFused: Bool
  /// Whether what the backward pass needs of each chunk is stored.
  package let keepsChunks: Bool
  package let formats: NumberFormats

  package init(
    _ recurrence: Recurrence<Scalar>, keyHeads: Scalar, valueHeads: Scalar, keyDim: Scalar, valueDim: Scalar,
    decay: Decay, isFused: Bool = false, keepsChunks: Bool = false, formats: NumberFormats
  ) {
    self.recurrence = recurrence
    self.keyHeads = keyHeads
    self.valueHeads = valueHeads
    self.keyDim = keyDim
    self.valueDim = valueDim
    self.decay = decay
    self.isFused = isFused
    self.keepsChunks = keepsChunks
    self.formats = formats
  }

  package var kind: OperatorKind { .deltaRule }
  package var asOperator: Operator<Scalar> { .deltaRule(self) }

  package var matrixUnit: DType? { recurrence.matrixUnit(formats) }

  /// Gates g a head.
  var gateChannels: Scalar { decay == .head ? 1 : keyDim }

  var gates: DeltaGates<Scalar> {
    DeltaGates(tokens: recurrence.tokens, heads: valueHeads, channels: gateChannels, formats: formats)
  }

  /// The recurrence alone.
  private var scan: FLOPCounts<Scalar> {
    let area = keyDim * valueDim
    switch recurrence.form {
    case .steps:
      let steps = recurrence.tokens * valueHeads
      return decay == .head
        ? FLOPCounts(vector: steps * (7 * area + 2 * valueDim), special: steps)
        : FLOPCounts(vector: steps * (7 * area + keyDim + valueDim), special: steps * keyDim)
    case .chunks(let size):
      let chunks = recurrence.chunks(of: size) * valueHeads
      let square = size * size
      let (keys, values): (Scalar, Scalar) = (size * keyDim, size * valueDim)
      let product: Scalar = 2 * square * (3 * keyDim + 2 * valueDim) + 6 * size * area
      // Row i of the inverse: i rows of i products and additions, and i additions to what was there.
      let cubes: Scalar = size.excess(over: 1) * size * (2 * size).excess(over: 1)
      let pairs: Scalar = size * size.excess(over: 1)
      let substitution: Scalar = cubes.divided(exactlyBy: 3) + pairs.divided(exactlyBy: 2)
      let both: Scalar = 3 * values + 2 * area + substitution
      let vector: Scalar
      let special: Scalar
      switch decay {
      case .head:
        vector = 3 * square + 3 * size + 4 * keys + both
        special = square + 2 * size + 1
      case .channel:
        // The decay goes into queries and keys.
        vector = size + 6 * keys + both
        special = 2 * keys + keyDim
      }
      return FLOPCounts(
        product: chunks * product, on: formats.residual, vector: chunks * vector, special: chunks * special)
    }
  }

  package var flops: FLOPCounts<Scalar> {
    @specialized(where Scalar == Count) get {
      guard isFused else { return scan }
      let norms = 2 * recurrence.tokens * keyHeads
      return scan + gates.flops + FLOPCounts(vector: norms * (3 * keyDim + 1), special: norms)
    }
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = formats.residualFormat
    let keys = recurrence.tokens * keyHeads * keyDim
    let values = recurrence.tokens * valueHeads * valueDim
    if isFused {
      visit(Operand(.input, .loadActivation, 2 * keys + values, format))
      visit(Operand(.decay, .loadActivation, recurrence.tokens * valueHeads * gateChannels, format))
      visit(Operand(.gate, .loadActivation, recurrence.tokens * valueHeads, format))
      gates.forEachWeightOperand(visit)
    } else {
      visit(Operand(.query, .loadActivation, keys, format))
      visit(Operand(.key, .loadActivation, keys, format))
      visit(Operand(.value, .loadActivation, values, format))
      visit(Operand(.gates, .loadActivation, recurrence.tokens * valueHeads * (gateChannels + 1), format))
    }
    recurrence.forEachStateOperand(valueHeads * keyDim * valueDim, visit)
    visit(Operand(.output, .storeActivation, values, format))
    if keepsChunks, case .chunks(let size) = recurrence.form {
      forEachKeptOperand(size: size, .storeActivation, visit)
    }
  }

  package var gradients: OperatorGradients<Scalar> {
    DeltaRuleGradient(self).map { .rows([.init(.backward, $0)]) } ?? .unknown
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if isFused { gates.forEachParameter(visit) }
  }

  package static var source: String {
    "gated delta rule, a step and head: decay 1, Sᵀk 2, outer product 2, Sᵀq 2 an element of the state, difference and β; chunks of Q: products 2Q²(3d_k + 2d_v) + 6Q·d_k·d_v, substitution Σ 2i² + i"
  }
}
