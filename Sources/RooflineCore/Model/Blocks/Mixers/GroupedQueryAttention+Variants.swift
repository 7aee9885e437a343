/// What norms of queries and keys work on.
package enum QueryKeyNormForm: Hashable, Sendable {
  /// Each head's row by itself, before the rotary embedding; one weight for all heads.
  case perHead
  /// A token's queries, or keys, of all heads together, before the rotary embedding. Ranks that divide the heads add up their
  /// sums of squares.
  case wholeWidth
  /// Each head's row by itself, behind the rotary embedding; one weight for all heads, or none.
  case perHeadBehindRotary, plainBehindRotary

  var isBehindRotary: Bool { self == .perHeadBehindRotary || self == .plainBehindRotary }
  var hasWeight: Bool { self != .plainBehindRotary }
}

extension GroupedQueryAttention {
  /// Whether it has none of what few families have.
  var isPlain: Bool {
    valueDim == nil && chunk == nil && sinks == nil && headGate == nil && !scalesValues && !hasValueNorm
      && !sharesKeyAsValue && selection == nil
  }

  /// Of which tokens a layer keeps keys and values.
  var span: TokenCache.Span {
    if let window { return .window(window) }
    return chunk.map(TokenCache.Span.chunk) ?? .all
  }
}

extension GroupedQueryAttention.Rows {
  /// Which keys a query sees.
  var mask: Attention<Scalar>.Mask {
    if let selection = block.selection { return .blocks(selection.keys(), isSingle: pass.isSingleQuery) }
    if let window = block.window { return .slidingWindow(.input(.window, window)) }
    return block.chunk.map { .chunked(.input(.chunk, $0)) } ?? .causal
  }

  /// Keys that any query sees; nil: all.
  var partOfKeys: Scalar? {
    let (queries, keys) = (pass.queryTokens, pass.attendedKeys)
    switch mask {
    case .full, .causal, .selected, .compressed: return nil
    case .blocks(let kept, let isSingle): return isSingle ? keys.minimum(kept) : nil
    case .slidingWindow(let window):
      return Attention<Scalar>.visibleKeys(queryTokens: queries, attendedKeys: keys, window: window)
    case .chunked(let chunk):
      return Attention<Scalar>.visibleKeys(queryTokens: queries, attendedKeys: keys, chunk: chunk)
    }
  }

  /// Columns of queries, keys and values.
  var joinedWidth: Scalar {
    let queries = block.hasOutputGate ? 2 * heads : heads
    if block.sharesKeyAsValue { return (queries + keyValueHeads) * headDim }
    return block.valueDim == nil
      ? (queries + 2 * keyValueHeads) * headDim : queries * headDim + keyValueHeads * (headDim + valueDim)
  }

  var normsBeforeRotary: Bool { block.hasQueryKeyNorm && !block.normForm.isBehindRotary }
  /// Of heads that are not turned there are none.
  var normsBehindRotary: Bool {
    block.hasQueryKeyNorm && block.normForm.isBehindRotary && block.rotaryDim != nil
  }

  /// The tensor that holds the queries as the attention reads them.
  var finalQuery: ActivationTensor {
    if normsBehindRotary { return .normalizedQuery }
    if block.rotaryDim != nil { return .rotatedQuery }
    if normsBeforeRotary { return .normalizedQuery }
    return pass.operatorSet == .fused ? .queryKeyValue : projectedQuery
  }

  /// What the queries' projection of its own writes: gates of the output stand beside the queries, where there are any.
  var projectedQuery: ActivationTensor { block.hasOutputGate ? .queryGate : .query }

  var finalKey: ActivationTensor {
    if normsBehindRotary { return .normalizedKey }
    if block.rotaryDim != nil { return .rotatedKey }
    if normsBeforeRotary { return .normalizedKey }
    return pass.operatorSet == .fused ? .queryKeyValue : .key
  }

  /// A norm of the queries, and one of the new keys.
  func emitNorms<Sink: RowSink<Scalar>>(
    query: ActivationTensor, key: ActivationTensor, home: KeyValueHome, into sink: inout Sink
  ) {
    let isWhole = block.normForm == .wholeWidth
    let hasWeight = block.normForm.hasWeight
    func norm(_ heads: Scalar, _ home: KeyValueHome) -> RMSNorm<Scalar> {
      RMSNorm(
        rows: isWhole ? pass.tokens : pass.tokens * heads, width: isWhole ? heads * headDim : headDim,
        keepsRoot: pass.isTraining, home: home, hasWeight: hasWeight, formats: pass.formats)
    }
    if isWhole, pass.isSharded {
      // Two sums of squares a token, in fp32.
      sink.row(
        "qk_norm_all_reduce", place, Collective(.allReduce, ranks: pass.tensorParallel, message: 8 * pass.tokens),
        reads: Activations(query), writes: .none)
    }
    sink.row(
      "q_norm", place, norm(heads, .activation), reads: Activations(query), writes: Activations(.normalizedQuery),
      weight: hasWeight ? block.names.queryNorm : .none)
    sink.row(
      "k_norm", place, norm(keyValueHeads, home), reads: home == .activation ? Activations(key) : .none,
      writes: home == .activation ? Activations(.normalizedKey) : .none,
      weight: hasWeight ? block.names.keyNorm : .none)
  }

  /// The values as the fused set's attention, or its way into the cache, reads them.
  var fusedValue: ActivationTensor { block.hasValueNorm ? .value : .queryKeyValue }

  /// A norm without a weight of each head's new values; where they are the key projection's, they are made here.
  func emitValueNorm<Sink: RowSink<Scalar>>(
    _ value: ActivationTensor, key: ActivationTensor, home: KeyValueHome, into sink: inout Sink
  ) {
    guard block.hasValueNorm else { return }
    let isActivation = home == .activation
    sink.row(
      "v_norm", place,
      RMSNorm(
        rows: pass.tokens * keyValueHeads, width: valueDim, keepsRoot: pass.isTraining, home: home, hasWeight: false,
        formats: pass.formats),
      reads: isActivation ? Activations(block.sharesKeyAsValue ? key : value) : .none,
      writes: isActivation ? Activations(.value) : .none)
  }

  /// The new values times a constant, where they lie.
  func emitValueScale<Sink: RowSink<Scalar>>(
    _ value: ActivationTensor, home: KeyValueHome, into sink: inout Sink
  ) {
    guard block.scalesValues else { return }
    let tensors = home == .activation ? Activations(value) : .none
    sink.row(
      "v_scale", place,
      Scale(elements: pass.tokens * keyValueHeads * valueDim, home: home, formats: pass.formats), reads: tensors,
      writes: tensors)
  }

  /// The gate of each head's output, where it has one; gives what the output projection reads.
  func emitHeadGate<Sink: RowSink<Scalar>>(into sink: inout Sink) -> ActivationTensor {
    guard let gate = block.headGate else { return .attended }
    sink.row(
      "g_proj", place, pass.columnParallel(heads, bias: false), reads: Activations(pass.input),
      writes: Activations(.headGates), weight: gate)
    sink.row(
      "attn_gate", place, SigmoidGate(gates: pass.tokens * heads, width: valueDim, formats: pass.formats),
      reads: Activations(.attended, .headGates), writes: Activations(.gatedHeads))
    return .gatedHeads
  }
}
