/// Mamba-2: a projection to z, x, B, C and the step sizes, a convolution of x, B and C, the scan, a norm of groups behind the gate,
/// an output projection.
///
/// The scan of the fused set takes the step sizes' softplus on its way. Heads and groups are divided among ranks; where there are
/// fewer groups than ranks each has one, and the norm's squares of a group are added up over its ranks.
package struct Mamba2Mixer: Hashable, Sendable {
  package var numHeads, headDim, numGroups, stateSize: UInt64
  /// Taps of the convolution.
  package var taps: UInt64
  /// Tokens of a chunk.
  package var chunk: UInt64
  package var hasConvolutionBias: Bool
  /// Biases on the projections.
  package var hasBias: Bool
  /// The state's format.
  package var stateDType: DType

  package init(
    numHeads: UInt64, headDim: UInt64, numGroups: UInt64, stateSize: UInt64, taps: UInt64, chunk: UInt64,
    hasConvolutionBias: Bool, hasBias: Bool = false, stateDType: DType = .fp32
  ) {
    self.numHeads = numHeads
    self.headDim = headDim
    self.numGroups = numGroups
    self.stateSize = stateSize
    self.taps = taps
    self.chunk = chunk
    self.hasConvolutionBias = hasConvolutionBias
    self.hasBias = hasBias
    self.stateDType = stateDType
  }

  /// t | h, and t | G or G | t.
  func isLegal(tensorParallel degree: UInt64) -> Bool {
    numHeads.isMultiple(of: degree) && (numGroups.isMultiple(of: degree) || degree.isMultiple(of: numGroups))
  }

  /// A state of P × N a head, and the last inputs of the convolution.
  var cache: CacheShape {
    let kept = Count(taps).excess(over: 1)
    return CacheShape(
      state: SequenceState(
        [.init(units: numHeads, elementsPerUnit: (Count(headDim) * Count(stateSize)).value)], dtype: stateDType),
      convolution: SequenceState(
        [
          .init(units: numHeads, elementsPerUnit: (kept * Count(headDim)).value),
          .init(units: numGroups, elementsPerUnit: (2 * kept * Count(stateSize)).value),
        ], dtype: nil))
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, output: ActivationTensor, into sink: inout Sink
  ) {
    let formats = pass.formats
    let heads = pass.share(.stateHeads, numHeads, named: .shardStateHeads)
    let groups = pass.roundedUpShare(.stateGroups, numGroups, named: .shardStateGroups)
    let headDim = Scalar.input(.stateHeadDim, headDim)
    let stateSize = Scalar.input(.stateSize, stateSize)
    let inner = heads * headDim
    let channels = inner + 2 * groups * stateSize
    let isFused = pass.operatorSet == .fused
    if pass.ranks > numGroups { emitCopies(of: 2 * groups * stateSize, pass, place, into: &sink) }
    sink.row(
      "in_proj", place, pass.columnParallel(inner + channels + heads, bias: hasBias),
      reads: Activations(pass.input), writes: Activations(.projected), weight: .tensor("mixer.in_proj"))
    sink.row(
      "conv", place,
      CausalConvolution(
        batch: pass.batch, queryTokens: pass.queryTokens, channels: channels, taps: .input(.taps, taps),
        hasBias: hasConvolutionBias, keepsSums: pass.isTraining, state: pass.stateTraffic, formats: formats),
      reads: Activations(.projected), writes: pass.convolved, weight: .tensor("mixer.conv1d"))
    if !isFused {
      sink.row(
        "dt_softplus", place, Softplus(rows: pass.tokens, width: heads, hasBias: true, formats: formats),
        reads: Activations(.projected), writes: Activations(.stepProjection), weight: .tensor("mixer"))
    }
    sink.row(
      "ssm_scan", place,
      StateSpaceScan(
        pass.recurrence(chunk: chunk, stateDType), heads: heads, headDim: headDim, groups: groups,
        stateSize: stateSize, isFused: isFused, keepsScores: pass.isTraining, formats: formats),
      reads: Activations(.convolved, isFused ? .projected : .stepProjection),
      writes: pass.isTraining
        ? Activations(.scanned, .scanScores, .scanStates, isFused ? .stepSizes : nil) : Activations(.scanned),
      weight: isFused ? .shared : .tensor("mixer"))
    if pass.ranks > numGroups {
      emitNormAllReduce(
        pass, place, ranks: pass.tensorParallel.divided(exactlyBy: .input(.stateGroups, numGroups)), into: &sink)
    }
    sink.row(
      "out_norm", place,
      GatedRMSNorm(
        rows: pass.tokens * groups, width: inner.divided(exactlyBy: groups), weightElements: inner, gate: .silu,
        keepsRoot: pass.isTraining, formats: formats),
      reads: Activations(.scanned, .projected), writes: Activations(.attended), weight: .tensor("mixer.norm"))
    sink.row(
      "out_proj", place, pass.rowParallel(inner, bias: hasBias), reads: Activations(.attended),
      writes: Activations(output), weight: .tensor("mixer.out_proj"))
  }
}

extension Mamba2Mixer {
  /// Ranks of a group have its B and C, each the gradient from its own heads: the weights of these channels need the
  /// sum.
  private func emitCopies<Scalar: Term, Sink: RowSink<Scalar>>(
    of channels: Scalar, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    let vectors: Scalar = .input(.taps, taps) + (hasConvolutionBias ? 1 : 0) + (hasBias ? 1 : 0)
    let message =
      (channels * pass.hidden).bytes(pass.formats.weightFormat)
      + (channels * vectors).bytes(pass.formats.residualFormat)
    sink.crossing(
      .partialGradient(
        "bc_grad_all_reduce", place,
        ranks: pass.tensorParallel.divided(exactlyBy: .input(.stateGroups, numGroups)), message: message))
  }
}

extension PassShape {
  /// What a convolution writes: in a training step also what silu was taken of.
  var convolved: Activations { isTraining ? Activations(.convolved, .convolutionSums) : Activations(.convolved) }
}

/// Adds up the squares of rows that a norm has in parts on several ranks: a number in fp32 for each token.
func emitNormAllReduce<Scalar: Term, Sink: RowSink<Scalar>>(
  _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, ranks: Scalar, into sink: inout Sink
) {
  let message = pass.tokens.bytes(ElementFormat(.stateBytes, .fp32))
  sink.row(
    "out_norm_all_reduce", place, Collective(.allReduce, ranks: ranks, message: message),
    reads: Activations(.scanned), writes: Activations(.scanned))
  // The rows' gradients have a sum over the whole row, too.
  sink.crossing(.partialGradient("out_norm_grad_all_reduce", place, ranks: ranks, message: message))
}
