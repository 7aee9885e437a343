/// Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434): keys and values of all heads are made of one latent a token,
/// which is what is cached, together with one turned key that all heads share.
///
/// Rows: `q_a_proj`, `q_a_norm`, `q_b_proj` (or `q_proj`), `kv_a_proj`, `kv_a_norm`, `rotary`, attention between `kv_b_proj`
/// (naive) or `q_absorb` and `v_absorb` (absorbed), `o_proj`; fused: q_a_proj and kv_a_proj are one product, `qkv_a_proj`.
/// Ranks divide the heads; projections to latents run on every rank, and every rank caches all latents.
package struct LatentAttention: Hashable, Sendable {
  package var numHeads: UInt64
  /// Width of the queries' latent; nil: queries are projected from the stream.
  package var queryRank: UInt64?
  /// Width of the latent of keys and values.
  package var latentRank: UInt64
  /// Elements of a head's key that are its own, and those that are turned and the same in all heads.
  package var nopeDim, ropeDim: UInt64
  package var valueDim: UInt64
  /// Biases on the projections from the stream to latents and on the output projection.
  package var hasBias: Bool
  /// Whether the shared elements are turned.
  package var rotates: Bool
  /// Whether a projection of its own gates each element of the output.
  package var hasOutputGate: Bool
  /// Which keys attention reads; nil: all before a query. It needs the queries' latent.
  package var selection: IndexedSelection?

  package init(
    numHeads: UInt64, queryRank: UInt64?, latentRank: UInt64, nopeDim: UInt64, ropeDim: UInt64, valueDim: UInt64,
    hasBias: Bool = false, rotates: Bool = true, hasOutputGate: Bool = false, selection: IndexedSelection? = nil
  ) {
    self.numHeads = numHeads
    self.queryRank = queryRank
    self.latentRank = latentRank
    self.nopeDim = nopeDim
    self.ropeDim = ropeDim
    self.valueDim = valueDim
    self.hasBias = hasBias
    self.rotates = rotates
    self.hasOutputGate = hasOutputGate
    self.selection = selection
  }

  func isLegal(tensorParallel degree: UInt64) -> Bool { numHeads.isMultiple(of: degree) }

  package var cache: CacheShape {
    CacheShape(
      tokens: [TokenCache(.shared(latentRank &+ ropeDim))],
      index: selection?.indexer.map { IndexKeyCache(width: $0.width) })
  }

  /// The form that a pass carries out.
  func form<Scalar: Term>(_ pass: PassShape<Scalar>) -> LatentAttentionForm {
    switch pass.latentAttention {
    case .naive, .absorbed: pass.latentAttention
    case .auto: pass.isDecode || selection != nil && !pass.isTraining ? .absorbed : .naive
    }
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, output: ActivationTensor, into sink: inout Sink
  ) {
    let rows = Rows(self, pass, place)
    rows.emitProjections(into: &sink)
    if let selection, let queryRank { selection.emit(pass, place, queryRank: queryRank, into: &sink) }
    if form(pass) == .absorbed { rows.emitAbsorbed(into: &sink) } else { rows.emitNaive(into: &sink) }
    sink.row(
      .oProj, place, pass.rowParallel(rows.heads * rows.valueDim, bias: hasBias),
      reads: Activations(rows.emitGate(into: &sink)), writes: Activations(output), weight: .tensor("self_attn.o_proj"))
  }
}

extension LatentAttention {
  /// The block on one device of a pass.
  struct Rows<Scalar: Term> {
    let block: LatentAttention
    let pass: PassShape<Scalar>
    let place: RowPlace<Scalar>
    let heads, latentRank, nopeDim, ropeDim, valueDim: Scalar

    init(_ block: LatentAttention, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>) {
      self.block = block
      self.pass = pass
      self.place = place
      heads = pass.share(.heads, block.numHeads, named: .shardHeads)
      latentRank = .input(.latentRank, block.latentRank)
      nopeDim = .input(.nopeDim, block.nopeDim)
      ropeDim = .input(.ropeDim, block.ropeDim)
      valueDim = .input(.valueDim, block.valueDim)
    }

    private var formats: NumberFormats { pass.formats }

    /// The gate of the output, where it has one; gives what the output projection reads.
    func emitGate<Sink: RowSink<Scalar>>(into sink: inout Sink) -> ActivationTensor {
      guard block.hasOutputGate else { return .attended }
      let elements = pass.tokens * heads * valueDim
      sink.row(
        "g_proj", place, pass.columnParallel(heads * valueDim, bias: false), reads: Activations(pass.input),
        writes: Activations(.gateProjection), weight: .tensor("self_attn.g_proj"))
      sink.row(
        "attn_gate", place, SigmoidGate(gates: elements, width: 1, formats: formats),
        reads: Activations(.attended, .gateProjection), writes: Activations(.gatedAttention))
      return .gatedAttention
    }

    private var mask: Attention<Scalar>.Mask {
      block.selection.map { .selected(.input(.selectedKeys, $0.kept)) } ?? .causal
    }

    /// The keys that separate products compute the rectangle of: those that any query reads.
    private var rectangleKeys: Scalar {
      guard let selection = block.selection else { return pass.attendedKeys }
      return pass.attendedKeys.minimum(pass.queryTokens * .input(.selectedKeys, selection.kept))
    }

    /// Queries of all of the rank's heads, and one latent of keys and values.
    func emitProjections<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      let queries = heads * (nopeDim + ropeDim)
      let latents = latentRank + ropeDim
      var projected = ActivationTensor.keyLatent
      if let rank = block.queryRank {
        let queryRank = Scalar.input(.queryRank, rank)
        if pass.operatorSet == .fused {
          projected = .latentProjections
          sink.row(
            "qkv_a_proj", place, pass.columnParallel(queryRank + latents, bias: block.hasBias),
            reads: Activations(pass.input), writes: Activations(projected), weight: .joined("self_attn.q_a_proj"))
        } else {
          sink.row(
            "q_a_proj", place, pass.columnParallel(queryRank, bias: block.hasBias), reads: Activations(pass.input),
            writes: Activations(.queryLatent), weight: .tensor("self_attn.q_a_proj"))
        }
        sink.row(
          "q_a_norm", place, norm(queryRank, to: .activation),
          reads: Activations(pass.operatorSet == .fused ? projected : .queryLatent),
          writes: Activations(.normalizedQueryLatent), weight: .tensor("self_attn.q_a_layernorm"))
        sink.row(
          "q_b_proj", place, GEMM(m: pass.tokens, n: queries, k: queryRank, formats: formats),
          reads: Activations(.normalizedQueryLatent), writes: Activations(.query),
          weight: .tensor("self_attn.q_b_proj"))
      } else {
        sink.row(
          .qProj, place, pass.columnParallel(queries, bias: false), reads: Activations(pass.input),
          writes: Activations(.query), weight: .tensor("self_attn.q_proj"))
      }
      if projected == .keyLatent {
        sink.row(
          "kv_a_proj", place, pass.columnParallel(latents, bias: block.hasBias), reads: Activations(pass.input),
          writes: Activations(projected), weight: .tensor("self_attn.kv_a_proj_with_mqa"))
      }
      sink.row(
        "kv_a_norm", place, norm(latentRank, to: pass.keyValueHome), reads: Activations(projected),
        writes: pass.isTraining ? Activations(.normalizedKeyLatent) : .none,
        weight: .tensor("self_attn.kv_a_layernorm"))
    }

    private func norm(_ width: Scalar, to destination: KeyValueHome) -> RMSNorm<Scalar> {
      RMSNorm(
        rows: pass.tokens, width: width, keepsRoot: pass.isTraining, destination: destination, formats: formats)
    }

    /// Where the projection to latents left them.
    private var latents: ActivationTensor {
      pass.operatorSet == .fused && block.queryRank != nil ? .latentProjections : .keyLatent
    }

    /// Turns the shared elements of queries and keys; the key's go to the cache, turned or not.
    private func emitRotary<Sink: RowSink<Scalar>>(queries: ActivationTensor, into sink: inout Sink) {
      let shape = AttentionShape(
        batch: pass.batch, queryTokens: pass.queryTokens, attendedKeys: pass.attendedKeys, heads: heads,
        keyValueHeads: 1, headDim: ropeDim)
      if block.rotates {
        sink.row(
          .rotary, place,
          Rotary(shape, keySource: pass.isTraining ? .activation : .latentProjection, formats: formats),
          reads: Activations(.query, .table, latents),
          writes: pass.isTraining ? Activations(queries, .rotatedKey) : Activations(queries))
      } else if !pass.isTraining {
        sink.row(
          .keyValueCacheWrite, place, KeyValueCacheWrite(shape, keysOnly: true, formats: formats),
          reads: Activations(latents), writes: .none)
      }
    }

    // MARK: naive

    /// Keys and values of each head for every attended token; what the heads share stands once.
    private func naive(_ keys: Scalar) -> AttentionShape<Scalar> {
      AttentionShape(
        batch: pass.batch, queryTokens: pass.queryTokens, attendedKeys: keys, heads: heads,
        ownDim: nopeDim, sharedDim: ropeDim, valueDim: valueDim)
    }

    func emitNaive<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      let queries: ActivationTensor = block.rotates ? .rotatedQuery : .query
      emitRotary(queries: queries, into: &sink)
      sink.row(
        "kv_b_proj", place,
        GEMM(
          m: pass.batch * pass.attendedKeys, n: heads * (nopeDim + valueDim), k: latentRank, formats: formats,
          source: pass.keyValueHome),
        reads: pass.isTraining ? Activations(.normalizedKeyLatent) : .none, writes: Activations(.keyValueUp),
        weight: .tensor("self_attn.kv_b_proj"))
      switch pass.operatorSet {
      case .separate:
        emitSeparate(naive(rectangleKeys), queries: queries, keys: .activation, output: .attended, into: &sink)
      case .fused:
        sink.row(
          .attention, place,
          Attention(
            naive(pass.attendedKeys), mask: mask, keyValueHome: .activation, keepsProbabilities: pass.isTraining,
            formats: formats),
          reads: Activations(queries, .keyValueUp, .keyValueUp),
          writes: pass.isTraining ? Activations(.attended, .probabilities) : Activations(.attended))
      }
    }

    private func emitSeparate<Sink: RowSink<Scalar>>(
      _ shape: AttentionShape<Scalar>, queries: ActivationTensor, keys: KeyValueHome, output: ActivationTensor,
      into sink: inout Sink
    ) {
      sink.row(
        .qkMatmul, place, QKMatmul(shape, keyValueHome: keys, formats: formats),
        reads: keys == .activation ? Activations(queries, .keyValueUp) : Activations(queries),
        writes: Activations(.scores))
      sink.row(
        .softmax, place, Softmax(elements: shape.scores, width: shape.attendedKeys, formats: formats),
        reads: Activations(.scores), writes: Activations(.probabilities))
      sink.row(
        .svMatmul, place, SVMatmul(shape, keyValueHome: keys, formats: formats),
        reads: keys == .activation ? Activations(.probabilities, .keyValueUp) : Activations(.probabilities),
        writes: Activations(output))
    }

    // MARK: absorbed

    /// All heads over the one cached row: its first elements are the values.
    private func absorbed(_ keys: Scalar) -> AttentionShape<Scalar> {
      AttentionShape(
        batch: pass.batch, queryTokens: pass.queryTokens, attendedKeys: keys, heads: heads,
        keyValueHeads: 1, headDim: latentRank + ropeDim, valueDim: latentRank)
    }

    func emitAbsorbed<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      sink.row(
        "q_absorb", place,
        BatchedGEMM(groups: heads, m: pass.tokens, n: latentRank, k: nopeDim, isTransposed: true, formats: formats),
        reads: Activations(.query), writes: Activations(.absorbedQuery), weight: .part(of: "self_attn.kv_b_proj"))
      emitRotary(queries: .absorbedQuery, into: &sink)
      switch pass.operatorSet {
      case .separate:
        emitSeparate(
          absorbed(rectangleKeys), queries: .absorbedQuery, keys: .cache, output: .attendedLatent, into: &sink)
      case .fused:
        sink.row(
          .attention, place,
          Attention(absorbed(pass.attendedKeys), mask: mask, valuesAreKeys: true, formats: formats),
          reads: Activations(.absorbedQuery), writes: Activations(.attendedLatent))
      }
      sink.row(
        "v_absorb", place,
        BatchedGEMM(groups: heads, m: pass.tokens, n: valueDim, k: latentRank, formats: formats),
        reads: Activations(.attendedLatent), writes: Activations(.attended), weight: .part(of: "self_attn.kv_b_proj"))
    }
  }
}
