/// Attention with h query heads in groups over h_kv KV heads, each of width d.
///
/// Rows, separate: q, k, v projections, norms of queries and keys, rotary embedding, scores, softmax, weighted values, output
/// projection; fused: one projection, norms, rotary embedding that moves keys and values to the cache, flash attention, output.
package struct GroupedQueryAttention: Hashable, Sendable {
  package var numHeads, numKeyValueHeads, headDim: UInt64
  /// Biases on the q, k and v projections.
  package var hasQueryKeyValueBias: Bool
  /// A bias on the output projection.
  package var hasOutputBias: Bool
  /// RMSNorms of each head's queries and keys, before the rotary embedding.
  package var hasQueryKeyNorm: Bool
  /// Elements of a head that rotary embedding turns; nil: positions are not in the heads.
  package var rotaryDim: UInt64?
  /// Keys a query sees at most, its own included; nil: all before it.
  package var window: UInt64?
  /// Whether scores pass cap·tanh(score / cap).
  package var capsScores: Bool
  /// Whether the query projection also gives a gate for each element of the output.
  package var hasOutputGate: Bool
  package var names: Names
  /// Elements of a head's values; nil: as many as of its keys.
  package var valueDim: UInt64?
  /// Tokens of the pieces that the sequence is cut into, where a query sees its own piece only.
  package var chunk: UInt64?
  /// A learned logit of each head beside its scores; nil: none.
  package var sinks: CheckpointWeight?
  /// A gate of each head's output, a projection of the block's input; nil: none.
  package var headGate: CheckpointWeight?
  /// What the norms of queries and keys work on, where there are any.
  package var normForm = QueryKeyNormForm.perHead
  /// Whether values are multiplied by a constant.
  package var scalesValues = false
  /// Whether values are normalised, head by head, without a weight.
  package var hasValueNorm = false
  /// Whether values are made of what the key projection makes: there is none of their own.
  package var sharesKeyAsValue = false
  /// Blocks of keys that an indexer of the layer chooses; nil: attention reads all keys that it sees.
  package var selection: BlockSelection?

  /// The checkpoint's names.
  package struct Names: Hashable, Sendable {
    package var query, key, value, output: CheckpointWeight
    package var queryNorm: CheckpointWeight
    package var keyNorm: CheckpointWeight

    package init(
      query: CheckpointWeight = .tensor("self_attn.q_proj"), key: CheckpointWeight = .tensor("self_attn.k_proj"),
      value: CheckpointWeight = .tensor("self_attn.v_proj"), output: CheckpointWeight = .tensor("self_attn.o_proj"),
      queryNorm: CheckpointWeight = .tensor("self_attn.q_norm"), keyNorm: CheckpointWeight = .tensor("self_attn.k_norm")
    ) {
      (self.query, self.key, self.value, self.output) = (query, key, value, output)
      (self.queryNorm, self.keyNorm) = (queryNorm, keyNorm)
    }

    /// One tensor holds queries, keys and values.
    package static func joined(_ name: StaticText, output: StaticText) -> Names {
      Names(query: .part(of: name), key: .part(of: name), value: .part(of: name), output: .tensor(output))
    }
  }

  package init(
    numHeads: UInt64, numKeyValueHeads: UInt64, headDim: UInt64, hasQueryKeyValueBias: Bool = false,
    hasOutputBias: Bool = false, hasQueryKeyNorm: Bool = false, rotaryDim: UInt64?, window: UInt64? = nil,
    capsScores: Bool = false, hasOutputGate: Bool = false, names: Names = Names()
  ) {
    self.numHeads = numHeads
    self.numKeyValueHeads = numKeyValueHeads
    self.headDim = headDim
    self.hasQueryKeyValueBias = hasQueryKeyValueBias
    self.hasOutputBias = hasOutputBias
    self.hasQueryKeyNorm = hasQueryKeyNorm
    self.rotaryDim = rotaryDim
    self.window = window
    self.capsScores = capsScores
    self.hasOutputGate = hasOutputGate
    self.names = names
  }

  /// t | h, and t | h_kv or h_kv | t.
  func isLegal(tensorParallel degree: UInt64) -> Bool {
    numHeads.isMultiple(of: degree)
      && (numKeyValueHeads.isMultiple(of: degree) || degree.isMultiple(of: numKeyValueHeads))
  }

  package var cache: CacheShape {
    CacheShape(
      tokens: [TokenCache(.heads(numKeyValueHeads, key: headDim, value: valueDim ?? headDim), span: span)],
      index: selection.map { IndexKeyCache(width: $0.width) })
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, output: ActivationTensor, into sink: inout Sink
  ) {
    let rows = Rows(self, pass, place)
    if pass.ranks > numKeyValueHeads { sink.crossing(rows.copiedHeads) }
    selection?.emit(pass, place, into: &sink)
    switch pass.operatorSet {
    case .separate: rows.emitSeparate(into: &sink)
    case .fused: rows.emitFused(into: &sink)
    }
    sink.row(
      .oProj, place, pass.rowParallel(rows.heads * rows.valueDim, bias: hasOutputBias),
      reads: Activations(hasOutputGate ? rows.emitGate(into: &sink) : rows.emitHeadGate(into: &sink)),
      writes: Activations(output), weight: names.output)
  }
}

extension GroupedQueryAttention {
  /// The block on one device of a pass.
  struct Rows<Scalar: Term> {
    let block: GroupedQueryAttention
    let pass: PassShape<Scalar>
    let place: RowPlace<Scalar>
    let heads, keyValueHeads, headDim, valueDim: Scalar

    init(_ block: GroupedQueryAttention, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>) {
      self.block = block
      self.pass = pass
      self.place = place
      headDim = .input(.headDim, block.headDim)
      valueDim = block.valueDim.map { .input(.valueDim, $0) } ?? headDim
      heads = pass.share(.heads, block.numHeads, named: .shardHeads)
      // ⌈h_kv/t⌉: their share, or the one head that t/h_kv ranks hold a copy of.
      keyValueHeads = pass.roundedUpShare(.keyValueHeads, block.numKeyValueHeads, named: .shardKeyValueHeads)
    }

    /// One device's attention problem over all keys.
    var shape: AttentionShape<Scalar> {
      AttentionShape(
        batch: pass.batch, queryTokens: pass.queryTokens, attendedKeys: pass.attendedKeys, heads: heads,
        keyValueHeads: keyValueHeads, headDim: headDim, valueDim: valueDim)
    }

    /// The rectangle that separate products compute: the keys that any query sees.
    private var rectangle: AttentionShape<Scalar> {
      guard let keys = partOfKeys else { return shape }
      return AttentionShape(
        batch: pass.batch, queryTokens: pass.queryTokens, attendedKeys: keys, heads: heads,
        keyValueHeads: keyValueHeads, headDim: headDim, valueDim: valueDim)
    }

    private var turned: Scalar? {
      block.rotaryDim.map { $0 == block.headDim ? headDim : .input(.rotaryDim, $0) }
    }

    var copiedHeads: ShardCrossing<Scalar> {
      let width =
        block.sharesKeyAsValue
        ? keyValueHeads * headDim
        : block.valueDim == nil ? 2 * keyValueHeads * headDim : keyValueHeads * (headDim + valueDim)
      var message = (width * pass.hidden).bytes(pass.formats.weightFormat)
      if block.hasQueryKeyValueBias { message = message + width.bytes(pass.formats.residualFormat) }
      let copies = pass.tensorParallel.divided(exactlyBy: .input(.keyValueHeads, block.numKeyValueHeads))
      return .copiedHeads(place, copies: copies, message: message)
    }

    func emitSeparate<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      let formats = pass.formats
      let attention = rectangle
      let bias = block.hasQueryKeyValueBias
      let home: GEMMDestination = pass.isTraining ? .activation : .keyValueCache
      let key = pass.columnParallel(keyValueHeads * headDim, bias: bias, into: home)
      let value = pass.columnParallel(keyValueHeads * valueDim, bias: bias, into: home)
      let normalized = Activations(pass.input)
      sink.row(
        .qProj, place, pass.columnParallel(queryWidth, bias: bias), reads: normalized,
        writes: Activations(projectedQuery), weight: block.names.query)
      sink.row(.kProj, place, key, reads: normalized, writes: kept(.key), weight: block.names.key)
      if !block.sharesKeyAsValue {
        sink.row(.vProj, place, value, reads: normalized, writes: kept(.value), weight: block.names.value)
      }
      emitValueNorm(.value, key: .key, home: pass.keyValueHome, into: &sink)
      if normsBeforeRotary { emitNorms(query: projectedQuery, key: .key, home: pass.keyValueHome, into: &sink) }
      emitValueScale(.value, home: pass.keyValueHome, into: &sink)
      if let turned {
        let source: ActivationTensor = normsBeforeRotary ? .normalizedQuery : projectedQuery
        let key: ActivationTensor = normsBeforeRotary ? .normalizedKey : .key
        sink.row(
          .rotary, place,
          Rotary(
            shape, dim: turned, keySource: pass.isTraining ? .activation : .keyValueCache, formats: formats),
          reads: pass.isTraining ? Activations(source, .table, key) : Activations(source, .table),
          writes: pass.isTraining ? Activations(.rotatedQuery, .rotatedKey) : Activations(.rotatedQuery))
      }
      if normsBehindRotary { emitNorms(query: .rotatedQuery, key: .rotatedKey, home: pass.keyValueHome, into: &sink) }
      sink.row(
        .qkMatmul, place, QKMatmul(attention, keyValueHome: pass.keyValueHome, formats: formats),
        reads: pass.isTraining ? Activations(finalQuery, finalKey) : Activations(finalQuery),
        writes: Activations(.scores))
      if block.capsScores {
        sink.row(
          "softcap", place, Softcap(elements: attention.scores, formats: formats), reads: Activations(.scores),
          writes: Activations(.cappedScores))
      }
      sink.row(
        .softmax, place,
        Softmax(
          elements: attention.scores, width: attention.attendedKeys, sinks: block.sinks.map { _ in heads },
          keepsSinks: pass.isTraining,
          formats: formats), reads: Activations(block.capsScores ? .cappedScores : .scores),
        writes: Activations(.probabilities), weight: block.sinks ?? .none)
      sink.row(
        .svMatmul, place, SVMatmul(attention, keyValueHome: pass.keyValueHome, formats: formats),
        reads: pass.isTraining ? Activations(.probabilities, .value) : Activations(.probabilities),
        writes: Activations(.attended))
    }

    func emitFused<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      let formats = pass.formats
      sink.row(
        .qkvProj, place,
        pass.columnParallel(joinedWidth, bias: block.hasQueryKeyValueBias),
        reads: Activations(pass.input), writes: Activations(.queryKeyValue), weight: block.names.query.joining)
      emitValueNorm(.queryKeyValue, key: .queryKeyValue, home: .activation, into: &sink)
      if normsBeforeRotary {
        emitNorms(query: .queryKeyValue, key: .queryKeyValue, home: .activation, into: &sink)
      }
      emitValueScale(.queryKeyValue, home: .activation, into: &sink)
      if let turned {
        sink.row(
          .rotary, place,
          Rotary(
            shape, dim: turned, keySource: pass.isTraining ? .activation : .fusedProjection, formats: formats),
          reads: fusedRotaryReads,
          writes: pass.isTraining ? Activations(.rotatedQuery, .rotatedKey) : Activations(.rotatedQuery))
      } else if !pass.isTraining {
        // With learned positions a fused projection's keys and values only move to the cache.
        sink.row(
          .keyValueCacheWrite, place, KeyValueCacheWrite(shape, formats: formats),
          reads: Activations(.queryKeyValue, fusedValue), writes: .none)
      }
      if normsBehindRotary { emitNorms(query: .rotatedQuery, key: .rotatedKey, home: pass.keyValueHome, into: &sink) }
      sink.row(
        .attention, place,
        Attention(
          shape, mask: mask, keyValueHome: pass.keyValueHome, keepsProbabilities: pass.isTraining,
          capsScores: block.capsScores, hasSinks: block.sinks != nil, formats: formats),
        reads: pass.isTraining ? Activations(finalQuery, finalKey, fusedValue) : Activations(finalQuery),
        writes: pass.isTraining
          ? Activations(.attended, .probabilities, block.capsScores ? .cappedScores : nil) : Activations(.attended),
        weight: block.sinks == nil ? .none : .shared)
    }

    /// Columns of the query projection, gates included.
    private var queryWidth: Scalar { block.hasOutputGate ? 2 * heads * headDim : heads * headDim }

    /// The gate of the attention's output, where it has one; gives what the output projection reads.
    func emitGate<Sink: RowSink<Scalar>>(into sink: inout Sink) -> ActivationTensor {
      guard block.hasOutputGate else { return .attended }
      let elements = pass.tokens * heads * headDim
      sink.row(
        "attn_gate", place, SigmoidGate(gates: elements, width: 1, formats: pass.formats),
        reads: Activations(.attended, pass.operatorSet == .fused ? .queryKeyValue : projectedQuery),
        writes: Activations(.gatedAttention))
      return .gatedAttention
    }

    /// What inference puts into the cache, a training step keeps as an activation.
    private func kept(_ tensor: ActivationTensor) -> Activations { pass.isTraining ? Activations(tensor) : .none }

    /// Queries, table, keys and, on their way into the cache, values; the operands' order is the definition's.
    private var fusedRotaryReads: Activations {
      let query: ActivationTensor = normsBeforeRotary ? .normalizedQuery : .queryKeyValue
      let key: ActivationTensor = normsBeforeRotary ? .normalizedKey : .queryKeyValue
      return pass.isTraining ? Activations(query, .table, key) : Activations(query, .table, key, fusedValue)
    }
  }
}
