/// Kimi delta attention: a delta rule with a decay for each channel of the key, h heads of width d, and a gate on its output.
///
/// Rows, separate: projections of q, k, v, a convolution of each, the decay's two low-rank projections, β's, L2 norms, gates, delta
/// rule, the output gate's projection (of full rank, or two of low rank), gated norm, output projection; fused: one projection and
/// one convolution of q, k, v, and a delta rule that normalises and computes its gates. Heads are divided among ranks, the first of
/// two low-rank projections is replicated.
package struct KimiDeltaAttention: Hashable, Sendable {
  package var numHeads, headDim: UInt64
  /// Taps of the convolutions.
  package var taps: UInt64
  /// Whether the output gate is one projection.
  package var hasFullRankGate: Bool
  /// The state's format.
  package var stateDType: DType

  static let chunk: UInt64 = 64

  package init(numHeads: UInt64, headDim: UInt64, taps: UInt64, hasFullRankGate: Bool, stateDType: DType = .fp32) {
    self.numHeads = numHeads
    self.headDim = headDim
    self.taps = taps
    self.hasFullRankGate = hasFullRankGate
    self.stateDType = stateDType
  }

  func isLegal(tensorParallel degree: UInt64) -> Bool { numHeads.isMultiple(of: degree) }

  /// A state of d × d a head, and the last inputs of three convolutions.
  var cache: CacheShape {
    let dim = Count(headDim)
    return CacheShape(
      state: SequenceState([.init(units: numHeads, elementsPerUnit: (dim * dim).value)], dtype: stateDType),
      convolution: SequenceState(
        [.init(units: numHeads, elementsPerUnit: (3 * Count(taps).excess(over: 1) * dim).value)], dtype: nil))
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, output: ActivationTensor, into sink: inout Sink
  ) {
    let formats = pass.formats
    let heads = pass.share(.linearValueHeads, numHeads, named: .shardLinearValueHeads)
    let dim = Scalar.input(.linearKeyDim, headDim)
    let width = heads * dim
    let isFused = pass.operatorSet == .fused
    let normalized = Activations(pass.input)
    emitConvolved(pass, place, width, into: &sink)
    emitLowRank(
      pass, place, width, ("f_a_proj", "f_b_proj"), (.decayLatent, .decayProjection),
      (.tensor("self_attn.f_a_proj"), .tensor("self_attn.f_b_proj")), into: &sink)
    sink.row(
      "b_proj", place, pass.columnParallel(heads, bias: false), reads: normalized,
      writes: Activations(.learnProjection), weight: .tensor("self_attn.b_proj"))
    let rule = DeltaRule(
      pass.recurrence(chunk: KimiDeltaAttention.chunk, stateDType), keyHeads: heads, valueHeads: heads, keyDim: dim,
      valueDim: dim, decay: .channel, isFused: isFused, keepsChunks: pass.isTraining, formats: formats)
    if isFused {
      sink.row(
        "delta_rule", place, rule, reads: Activations(.convolved, .decayProjection, .learnProjection),
        writes: pass.scanned, weight: .shared)
    } else {
      let norm = L2Norm(rows: pass.tokens * heads, width: dim, keepsRoot: pass.isTraining, formats: formats)
      sink.row(
        "q_l2norm", place, norm, reads: Activations(.convolvedQuery), writes: Activations(.normalizedQuery))
      sink.row("k_l2norm", place, norm, reads: Activations(.convolvedKey), writes: Activations(.normalizedKey))
      sink.row(
        "delta_gates", place, DeltaGates(tokens: pass.tokens, heads: heads, channels: dim, formats: formats),
        reads: Activations(.decayProjection, .learnProjection), writes: Activations(.stepGates),
        weight: .tensor("self_attn"))
      sink.row(
        "delta_rule", place, rule, reads: Activations(.normalizedQuery, .normalizedKey, .convolved, .stepGates),
        writes: pass.scanned)
    }
    if hasFullRankGate {
      sink.row(
        "g_proj", place, pass.columnParallel(width, bias: false), reads: normalized,
        writes: Activations(.gateProjection), weight: .tensor("self_attn.g_proj"))
    } else {
      emitLowRank(
        pass, place, width, ("g_a_proj", "g_b_proj"), (.gateLatent, .gateProjection),
        (.tensor("self_attn.g_a_proj"), .tensor("self_attn.g_b_proj")), into: &sink)
    }
    sink.row(
      "out_norm", place,
      GatedRMSNorm(
        rows: pass.tokens * heads, width: dim, weightElements: dim, gate: .sigmoid, keepsRoot: pass.isTraining,
        formats: formats),
      reads: Activations(.scanned, .gateProjection), writes: Activations(.attended),
      weight: .tensor("self_attn.o_norm"))
    sink.row(
      .oProj, place, pass.rowParallel(width, bias: false), reads: Activations(.attended), writes: Activations(output),
      weight: .tensor("self_attn.o_proj"))
  }

  /// Queries, keys and values, convolved.
  private func emitConvolved<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, _ width: Scalar, into sink: inout Sink
  ) {
    func convolution(_ channels: Scalar, isJoined: Bool = false) -> CausalConvolution<Scalar> {
      CausalConvolution(
        batch: pass.batch, queryTokens: pass.queryTokens, channels: channels, taps: .input(.taps, taps),
        isKimi: isJoined, keepsSums: pass.isTraining, state: pass.stateTraffic, formats: pass.formats)
    }
    func written(_ output: ActivationTensor) -> Activations {
      pass.isTraining ? Activations(output, .convolutionSums) : Activations(output)
    }
    let normalized = Activations(pass.input)
    switch pass.operatorSet {
    case .separate:
      let projection = pass.columnParallel(width, bias: false)
      sink.row(
        .qProj, place, projection, reads: normalized, writes: Activations(.query), weight: .tensor("self_attn.q_proj"))
      sink.row(
        .kProj, place, projection, reads: normalized, writes: Activations(.key), weight: .tensor("self_attn.k_proj"))
      sink.row(
        .vProj, place, projection, reads: normalized, writes: Activations(.value), weight: .tensor("self_attn.v_proj"))
      sink.row(
        "q_conv", place, convolution(width), reads: Activations(.query), writes: written(.convolvedQuery),
        weight: .tensor("self_attn.q_conv1d"))
      sink.row(
        "k_conv", place, convolution(width), reads: Activations(.key), writes: written(.convolvedKey),
        weight: .tensor("self_attn.k_conv1d"))
      sink.row(
        "v_conv", place, convolution(width), reads: Activations(.value), writes: written(.convolved),
        weight: .tensor("self_attn.v_conv1d"))
    case .fused:
      sink.row(
        .qkvProj, place, pass.columnParallel(3 * width, bias: false), reads: normalized,
        writes: Activations(.projected), weight: .joined("self_attn.q_proj"))
      sink.row(
        "conv", place, convolution(3 * width, isJoined: true), reads: Activations(.projected),
        writes: pass.convolved, weight: .shared)
    }
  }

  /// A projection to a head's width on every rank, and one from there to this rank's heads.
  private func emitLowRank<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, _ width: Scalar,
    _ rows: (OperatorName, OperatorName), _ tensors: (ActivationTensor, ActivationTensor),
    _ weights: (CheckpointWeight, CheckpointWeight), into sink: inout Sink
  ) {
    let rank = Scalar.input(.gateRank, headDim)
    sink.row(
      rows.0, place, pass.columnParallel(rank, bias: false), reads: Activations(pass.input),
      writes: Activations(tensors.0), weight: weights.0)
    sink.row(
      rows.1, place, GEMM(m: pass.tokens, n: width, k: rank, formats: pass.formats), reads: Activations(tensors.0),
      writes: Activations(tensors.1), weight: weights.1)
  }
}
