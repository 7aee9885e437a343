/// Lightning attention (MiniMax-Text-01): silu of queries, keys and values, a linear recurrence, a norm over all heads, and a
/// sigmoid gate of a projection of its own.
///
/// Heads are divided among ranks; the norm's squares are added up over all of them.
package struct LightningMixer: Hashable, Sendable {
  package var numHeads, headDim: UInt64
  /// Tokens of a block.
  package var block: UInt64
  /// The state's format.
  package var stateDType: DType

  package init(numHeads: UInt64, headDim: UInt64, block: UInt64, stateDType: DType = .fp32) {
    self.numHeads = numHeads
    self.headDim = headDim
    self.block = block
    self.stateDType = stateDType
  }

  func isLegal(tensorParallel degree: UInt64) -> Bool { numHeads.isMultiple(of: degree) }

  /// A state of d × d a head.
  var cache: CacheShape {
    CacheShape(
      state: SequenceState(
        [.init(units: numHeads, elementsPerUnit: (Count(headDim) * Count(headDim)).value)], dtype: stateDType))
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, output: ActivationTensor, into sink: inout Sink
  ) {
    let formats = pass.formats
    let heads = pass.share(.heads, numHeads, named: .shardHeads)
    let headDim = Scalar.input(.headDim, headDim)
    let width = heads * headDim
    sink.row(
      .qkvProj, place, pass.columnParallel(3 * width, bias: false), reads: Activations(pass.input),
      writes: Activations(.projected), weight: .tensor("self_attn.qkv_proj"))
    sink.row(
      "qkv_silu", place, Silu(elements: 3 * pass.tokens * width, formats: formats), reads: Activations(.projected),
      writes: Activations(.convolved))
    sink.row(
      "lightning_attention", place,
      LightningAttention(
        pass.recurrence(chunk: block, stateDType), heads: heads, headDim: headDim, keepsScores: pass.isTraining,
        formats: formats),
      reads: Activations(.convolved),
      writes: pass.isTraining ? Activations(.scanned, .scanScores, .scanStates) : Activations(.scanned))
    sink.row(
      "output_gate", place, pass.columnParallel(width, bias: false), reads: Activations(pass.input),
      writes: Activations(.gateProjection), weight: .tensor("self_attn.output_gate"))
    if pass.isSharded { emitNormAllReduce(pass, place, ranks: pass.tensorParallel, into: &sink) }
    sink.row(
      "out_norm", place,
      GatedRMSNorm(
        rows: pass.tokens, width: width, weightElements: width, gate: .sigmoid, keepsRoot: pass.isTraining,
        formats: formats),
      reads: Activations(.scanned, .gateProjection), writes: Activations(.attended), weight: .tensor("self_attn.norm"))
    sink.row(
      "out_proj", place, pass.rowParallel(width, bias: false), reads: Activations(.attended),
      writes: Activations(output), weight: .tensor("self_attn.out_proj"))
  }
}
