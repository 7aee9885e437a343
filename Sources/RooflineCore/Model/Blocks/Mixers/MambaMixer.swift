/// Mamba-1, with norms of the step sizes, B and C as Jamba has them: a projection to x and z, a convolution of x, a projection to
/// step sizes, B and C, the step sizes' own projection, the scan, a gate, an output projection.
///
/// Channels are divided among ranks; the projection to step sizes, B and C reads a share of them, and an all-reduce adds up the
/// ranks' sums.
package struct MambaMixer: Hashable, Sendable {
  package var innerWidth, stateSize, stepRank: UInt64
  /// Taps of the convolution.
  package var taps: UInt64
  package var hasConvolutionBias: Bool
  /// Biases on the outer projections.
  package var hasBias: Bool
  /// The state's format.
  package var stateDType: DType

  package init(
    innerWidth: UInt64, stateSize: UInt64, stepRank: UInt64, taps: UInt64, hasConvolutionBias: Bool,
    hasBias: Bool = false, stateDType: DType = .fp32
  ) {
    self.innerWidth = innerWidth
    self.stateSize = stateSize
    self.stepRank = stepRank
    self.taps = taps
    self.hasConvolutionBias = hasConvolutionBias
    self.hasBias = hasBias
    self.stateDType = stateDType
  }

  func isLegal(tensorParallel degree: UInt64) -> Bool { innerWidth.isMultiple(of: degree) }

  /// A state of N a channel, and the last inputs of the convolution.
  var cache: CacheShape {
    CacheShape(
      state: SequenceState([.init(units: innerWidth, elementsPerUnit: stateSize)], dtype: stateDType),
      convolution: SequenceState(
        [.init(units: innerWidth, elementsPerUnit: Count(taps).excess(over: 1).value)], dtype: nil))
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, output: ActivationTensor, into sink: inout Sink
  ) {
    let formats = pass.formats
    let inner = pass.share(.innerWidth, innerWidth, named: .shardInnerWidth)
    let stateSize = Scalar.input(.stateSize, stateSize)
    let rank = Scalar.input(.stepRank, stepRank)
    let mixing = rank + 2 * stateSize
    sink.row(
      "in_proj", place, pass.columnParallel(2 * inner, bias: hasBias), reads: Activations(pass.input),
      writes: Activations(.projected), weight: .tensor("mamba.in_proj"))
    sink.row(
      "conv", place,
      CausalConvolution(
        batch: pass.batch, queryTokens: pass.queryTokens, channels: inner, taps: .input(.taps, taps),
        hasBias: hasConvolutionBias, keepsSums: pass.isTraining, state: pass.stateTraffic, formats: formats),
      reads: Activations(.projected), writes: pass.convolved, weight: .tensor("mamba.conv1d"))
    sink.row(
      "x_proj", place, GEMM(m: pass.tokens, n: mixing, k: inner, formats: formats), reads: Activations(.convolved),
      writes: Activations(.mixing), weight: .tensor("mamba.x_proj"))
    if pass.isSharded {
      sink.row(
        "x_all_reduce", place,
        Collective(
          .allReduce, ranks: pass.tensorParallel, message: (pass.tokens * mixing).bytes(formats.residualFormat)),
        reads: Activations(.mixing), writes: Activations(.mixing))
    }
    func norm(_ width: Scalar) -> RMSNorm<Scalar> {
      RMSNorm(rows: pass.tokens, width: width, keepsRoot: pass.isTraining, formats: formats)
    }
    let read = Activations(.mixing)
    sink.row(
      "dt_norm", place, norm(rank), reads: read, writes: Activations(.stepGates),
      weight: .tensor("mamba.dt_layernorm"))
    sink.row("b_norm", place, norm(stateSize), reads: read, writes: read, weight: .tensor("mamba.b_layernorm"))
    sink.row("c_norm", place, norm(stateSize), reads: read, writes: read, weight: .tensor("mamba.c_layernorm"))
    if pass.isSharded {
      // Step sizes, B and C were the same on every rank: each has their gradients from its own channels.
      sink.crossing(
        .partialGradient(
          "x_grad_all_reduce", place, ranks: pass.tensorParallel,
          message: (pass.tokens * mixing).bytes(formats.residualFormat)))
    }
    sink.row(
      "dt_proj", place, GEMM(m: pass.tokens, n: inner, k: rank, formats: formats, hasBias: true),
      reads: Activations(.stepGates), writes: Activations(.decayProjection), weight: .tensor("mamba.dt_proj"))
    sink.row(
      "dt_softplus", place, Softplus(rows: pass.tokens, width: inner, hasBias: false, formats: formats),
      reads: Activations(.decayProjection), writes: Activations(.stepProjection))
    sink.row(
      "selective_scan", place,
      SelectiveScan(
        batch: pass.batch, queryTokens: pass.queryTokens, channels: inner, stateSize: stateSize,
        state: pass.stateTraffic, stateDType: stateDType, keepsStates: pass.isTraining, formats: formats),
      reads: Activations(.convolved, .stepProjection, .mixing),
      writes: pass.isTraining ? Activations(.scanned, .scanStates, .scanDecays) : Activations(.scanned),
      weight: .tensor("mamba"))
    sink.row(
      "out_gate", place, GatedActivation(.silu, rows: pass.tokens, width: inner, formats: formats),
      reads: Activations(.projected, .scanned), writes: Activations(.attended))
    sink.row(
      "out_proj", place, pass.rowParallel(inner, bias: hasBias), reads: Activations(.attended),
      writes: Activations(output), weight: .tensor("mamba.out_proj"))
  }
}
