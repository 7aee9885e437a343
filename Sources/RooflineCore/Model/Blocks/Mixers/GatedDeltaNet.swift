/// The gated delta net (Qwen3-Next, Qwen3.5): a delta rule with h_k key heads, each for h_v / h_k value heads.
///
/// Rows, separate: projections of queries, keys and values, of the gate z, of β and of the decay, the convolution, L2 norms of
/// queries and keys, gates, delta rule, gated norm, output projection; fused: two projections, convolution, a delta rule that
/// normalises and computes its gates, gated norm, output projection. Heads are divided among ranks.
package struct GatedDeltaNet: Hashable, Sendable {
  package var numKeyHeads, numValueHeads, keyDim, valueDim: UInt64
  /// Taps of the convolution.
  package var taps: UInt64
  /// The state's format.
  package var stateDType: DType
  /// Whether the checkpoint joins q, k, v with z, and β with the decay.
  package var joinsProjections: Bool

  /// Tokens of a chunk in every implementation.
  static let chunk: UInt64 = 64

  package init(
    numKeyHeads: UInt64, numValueHeads: UInt64, keyDim: UInt64, valueDim: UInt64, taps: UInt64,
    stateDType: DType = .fp32, joinsProjections: Bool = false
  ) {
    self.numKeyHeads = numKeyHeads
    self.numValueHeads = numValueHeads
    self.keyDim = keyDim
    self.valueDim = valueDim
    self.taps = taps
    self.stateDType = stateDType
    self.joinsProjections = joinsProjections
  }

  func isLegal(tensorParallel degree: UInt64) -> Bool {
    numKeyHeads.isMultiple(of: degree) && numValueHeads.isMultiple(of: degree)
  }

  /// A state of d_k × d_v a value head, and the last inputs of the convolution.
  var cache: CacheShape {
    let perKeyHead = (Count(taps).excess(over: 1) * Count(keyDim)).value
    let perValueHead = (Count(taps).excess(over: 1) * Count(valueDim)).value
    return CacheShape(
      state: SequenceState(
        [.init(units: numValueHeads, elementsPerUnit: (Count(keyDim) * Count(valueDim)).value)], dtype: stateDType),
      convolution: SequenceState(
        [
          .init(units: numKeyHeads, elementsPerUnit: (2 * Count(perKeyHead)).value),
          .init(units: numValueHeads, elementsPerUnit: perValueHead),
        ], dtype: nil))
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, output: ActivationTensor, into sink: inout Sink
  ) {
    let formats = pass.formats
    let keyHeads = pass.share(.linearKeyHeads, numKeyHeads, named: .shardLinearKeyHeads)
    let heads = pass.share(.linearValueHeads, numValueHeads, named: .shardLinearValueHeads)
    let keyDim = Scalar.input(.linearKeyDim, keyDim)
    let valueDim = Scalar.input(.valueDim, valueDim)
    let values = heads * valueDim
    let channels = 2 * keyHeads * keyDim + values
    let isFused = pass.operatorSet == .fused
    let normalized = Activations(pass.input)
    let scanned = pass.scanned
    let rule = DeltaRule(
      pass.recurrence(chunk: GatedDeltaNet.chunk, stateDType), keyHeads: keyHeads, valueHeads: heads, keyDim: keyDim,
      valueDim: valueDim, decay: .head, isFused: isFused, keepsChunks: pass.isTraining, formats: formats)
    let convolution = CausalConvolution(
      batch: pass.batch, queryTokens: pass.queryTokens, channels: channels, taps: .input(.taps, taps),
      keepsSums: pass.isTraining, state: pass.stateTraffic, formats: formats)
    switch pass.operatorSet {
    case .separate:
      sink.row(
        "in_proj_qkv", place, pass.columnParallel(channels, bias: false), reads: normalized,
        writes: Activations(.projected), weight: names.queryKeyValue)
      sink.row(
        "in_proj_z", place, pass.columnParallel(values, bias: false), reads: normalized,
        writes: Activations(.gateProjection), weight: names.gate)
      sink.row(
        "in_proj_b", place, pass.columnParallel(heads, bias: false), reads: normalized,
        writes: Activations(.learnProjection), weight: names.learning)
      sink.row(
        "in_proj_a", place, pass.columnParallel(heads, bias: false), reads: normalized,
        writes: Activations(.decayProjection), weight: names.decay)
    case .fused:
      sink.row(
        "in_proj_qkvz", place, pass.columnParallel(channels + values, bias: false), reads: normalized,
        writes: Activations(.projected), weight: names.queryKeyValue.joining)
      sink.row(
        "in_proj_ba", place, pass.columnParallel(2 * heads, bias: false), reads: normalized,
        writes: Activations(.stepProjection), weight: names.learning.joining)
    }
    sink.row(
      "conv", place, convolution, reads: Activations(.projected),
      writes: Activations(.convolvedHeads, pass.isTraining ? .convolutionSums : nil),
      weight: .tensor("linear_attn.conv1d"))
    if isFused {
      sink.row(
        "delta_rule", place, rule, reads: Activations(.convolvedHeads, .stepProjection, .stepProjection),
        writes: scanned, weight: .shared)
    } else {
      let norm = L2Norm(
        rows: pass.tokens * keyHeads, width: keyDim, keepsRoot: pass.isTraining, formats: formats)
      sink.row(
        "q_l2norm", place, norm, reads: Activations(.convolvedHeads), writes: Activations(.normalizedQuery))
      sink.row("k_l2norm", place, norm, reads: Activations(.convolvedHeads), writes: Activations(.normalizedKey))
      sink.row(
        "delta_gates", place, DeltaGates(tokens: pass.tokens, heads: heads, channels: 1, formats: formats),
        reads: Activations(.decayProjection, .learnProjection), writes: Activations(.stepGates),
        weight: .tensor("linear_attn"))
      sink.row(
        "delta_rule", place, rule,
        reads: Activations(.normalizedQuery, .normalizedKey, .convolvedHeads, .stepGates), writes: scanned)
    }
    sink.row(
      "out_norm", place,
      GatedRMSNorm(
        rows: pass.tokens * heads, width: valueDim, weightElements: valueDim, gate: .silu, keepsRoot: pass.isTraining,
        formats: formats),
      reads: Activations(.scanned, isFused ? .projected : .gateProjection), writes: Activations(.attended),
      weight: .tensor("linear_attn.norm"))
    sink.row(
      "out_proj", place, pass.rowParallel(values, bias: false), reads: Activations(.attended),
      writes: Activations(output), weight: .tensor("linear_attn.out_proj"))
  }

  private var names:
    (queryKeyValue: CheckpointWeight, gate: CheckpointWeight, learning: CheckpointWeight, decay: CheckpointWeight)
  {
    joinsProjections
      ? (
        .part(of: "linear_attn.in_proj_qkvz"), .part(of: "linear_attn.in_proj_qkvz"),
        .part(of: "linear_attn.in_proj_ba"), .part(of: "linear_attn.in_proj_ba")
      )
      : (
        .tensor("linear_attn.in_proj_qkv"), .tensor("linear_attn.in_proj_z"), .tensor("linear_attn.in_proj_b"),
        .tensor("linear_attn.in_proj_a")
      )
  }
}

extension PassShape {
  /// How a recurrence runs in this pass: step by step in decode, in chunks of `chunk` tokens over prompts.
  func recurrence(chunk: UInt64, _ stateDType: DType) -> Recurrence<Scalar> {
    Recurrence(
      batch: batch, queryTokens: queryTokens, form: isDecode ? .steps : .chunks(of: .input(.scanChunk, chunk)),
      state: stateTraffic, stateDType: stateDType)
  }

  /// What a delta rule writes: its output, in a training step also what it keeps of its chunks.
  var scanned: Activations {
    isTraining ? Activations(.scanned, .chunkSquares, .chunkVectors, .chunkStates) : Activations(.scanned)
  }
}
