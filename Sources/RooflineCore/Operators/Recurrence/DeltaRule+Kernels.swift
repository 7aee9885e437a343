/// What kernels of a delta rule read and write beside the least that its definition needs.
extension DeltaRule {
  /// Bytes of queries, keys, values and results, and of the gates as projections give them: two a value head, or a decay for each
  /// channel.
  package var streamBytes: Scalar {
    @specialized(where Scalar == Count) get {
      let heads = 2 * keyHeads * keyDim + 2 * valueHeads * valueDim
      let gates: Scalar
      switch decay {
      case .head: gates = 2 * valueHeads
      case .channel: gates = valueHeads * keyDim
      }
      return (recurrence.tokens * (heads + gates)).bytes(formats.residualFormat)
    }
  }

  /// Elements of all sequences' states.
  private var states: Scalar { recurrence.batch * valueHeads * keyDim * valueDim }

  /// Bytes of all sequences' states, once.
  package var stateBytes: Scalar {
    @specialized(where Scalar == Count) get { states.bytes(ElementFormat(.stateBytes, recurrence.stateDType)) }
  }

  /// Bytes of the states before and after a prompt, which chunks add up in fp32 whatever the cache holds.
  package var chunkStateBytes: Scalar {
    @specialized(where Scalar == Count) get { 2 * states.bytes(ElementFormat(.stateBytes, .fp32)) }
  }

  /// Bytes that a chain of kernels hands from one to the next over a prompt, written and read: of each token and head a row of the
  /// matrix A and of its inverse (in fp32, the inverse in 16 bits, too), w, u and the new values; the state before each chunk. Where
  /// each channel decays, gates as given and added up in fp32, and queries and keys scaled by both.
  ///
  /// - Parameter size: tokens of a chunk.
  @specialized(where Scalar == Count)
  package func handedBytes(size: Scalar) -> Scalar {
    let rows = recurrence.tokens * valueHeads
    let matrices = rows * 20 * size
    let vectors = rows * 4 * (keyDim + 2 * valueDim)
    let between = recurrence.chunks(of: size) * valueHeads * keyDim * valueDim * 4
    guard decay == .channel else { return matrices + vectors + between }
    return matrices + vectors + between + rows * 30 * keyDim
  }
}
