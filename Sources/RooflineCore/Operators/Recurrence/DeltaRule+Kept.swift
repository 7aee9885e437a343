/// What a delta rule keeps of its chunks for the backward pass, all in the format of activations, as the flash-linear-attention
/// library hands it on.
///
/// Squares, of each token and value head a row of Q: the inverse T and the scores that weigh new values; where a head decays
/// also the system A and the decays Γ between tokens, which elsewhere are in queries and keys. Vectors, of each token and
/// value head: w, the new values, and the powers of e by which it has decayed since the chunk began, and will until it ends
/// (of each channel: since it began, and the reciprocal). States: the one before each chunk. A kernel that normalises queries
/// and keys and computes gates keeps their results, too, and the roots of the norms.
extension DeltaRule {
  /// The operands, stored by the forward pass or loaded by the backward one.
  func forEachKeptOperand(size: Scalar, _ traffic: TrafficClass, _ visit: (Operand<Scalar>) -> Void) {
    let format = formats.residualFormat
    let rows = recurrence.tokens * valueHeads
    visit(Operand(.squares, traffic, rows * size * (decay == .head ? 4 : 2), format))
    let powers: Scalar = decay == .head ? 2 : 2 * keyDim
    let vectors = rows * (keyDim + valueDim + powers)
    visit(Operand(.vectors, traffic, isFused ? vectors + normalized + rows * (gateChannels + 1) : vectors, format))
    visit(Operand(.states, traffic, recurrence.chunks(of: size) * valueHeads * keyDim * valueDim, format))
    if isFused { visit(Operand(.root, traffic, 2 * recurrence.tokens * keyHeads, format)) }
  }

  /// Normalised queries and keys.
  private var normalized: Scalar { 2 * recurrence.tokens * keyHeads * keyDim }
}
