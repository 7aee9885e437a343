extension CompressedAttention {
  /// The block on one device of a pass.
  struct Rows<Scalar: Term> {
    let block: CompressedAttention
    let pass: PassShape<Scalar>
    let place: RowPlace<Scalar>
    private let heads, headDim, queryRank: Scalar

    init(_ block: CompressedAttention, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>) {
      self.block = block
      self.pass = pass
      self.place = place
      heads = pass.share(.heads, block.numHeads, named: .shardHeads)
      headDim = .input(.headDim, block.headDim)
      queryRank = .input(.queryRank, block.queryRank)
    }

    private var formats: NumberFormats { pass.formats }

    private func shape(_ keys: Scalar) -> AttentionShape<Scalar> {
      AttentionShape(
        batch: pass.batch, queryTokens: pass.queryTokens, attendedKeys: keys, heads: heads,
        keyValueHeads: 1, headDim: headDim)
    }

    private func norm(
      rows: Scalar, _ width: Scalar, to destination: KeyValueHome = .activation, hasWeight: Bool = true
    ) -> RMSNorm<Scalar> {
      RMSNorm(
        rows: rows, width: width, keepsRoot: pass.isTraining, destination: destination, hasWeight: hasWeight,
        formats: formats)
    }

    func emitProjections<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      var (queries, keys) = (ActivationTensor.queryLatent, ActivationTensor.keyLatent)
      if pass.operatorSet == .fused {
        (queries, keys) = (.latentProjections, .latentProjections)
        sink.row(
          "qkv_a_proj", place, pass.columnParallel(queryRank + headDim, bias: false),
          reads: Activations(pass.input), writes: Activations(.latentProjections),
          weight: .joined("self_attn.q_a_proj"))
      } else {
        sink.row(
          "q_a_proj", place, pass.columnParallel(queryRank, bias: false), reads: Activations(pass.input),
          writes: Activations(queries), weight: .tensor("self_attn.q_a_proj"))
        sink.row(
          "kv_proj", place, pass.columnParallel(headDim, bias: false), reads: Activations(pass.input),
          writes: Activations(keys), weight: .tensor("self_attn.kv_proj"))
      }
      sink.row(
        "q_a_norm", place, norm(rows: pass.tokens, queryRank), reads: Activations(queries),
        writes: Activations(.normalizedQueryLatent), weight: .tensor("self_attn.q_a_norm"))
      sink.row(
        "q_b_proj", place, GEMM(m: pass.tokens, n: heads * headDim, k: queryRank, formats: formats),
        reads: Activations(.normalizedQueryLatent), writes: Activations(.query), weight: .tensor("self_attn.q_b_proj"))
      sink.row(
        "q_b_norm", place, norm(rows: pass.tokens * heads, headDim, hasWeight: false), reads: Activations(.query),
        writes: Activations(.normalizedQuery))
      sink.row(
        "kv_norm", place, norm(rows: pass.tokens, headDim), reads: Activations(keys),
        writes: Activations(.normalizedKeyLatent), weight: .tensor("self_attn.kv_norm"))
      sink.row(
        .rotary, place,
        Rotary(
          shape(pass.attendedKeys), dim: .input(.rotaryDim, block.rotaryDim),
          keySource: pass.isTraining ? .activation : .latentProjection, formats: formats),
        reads: Activations(.normalizedQuery, .table, .normalizedKeyLatent),
        writes: pass.isTraining ? Activations(.rotatedQuery, .rotatedKey) : Activations(.rotatedQuery))
    }

    // MARK: compression

    /// ⌊n/ρ⌋, by way of ⌈(n+1)/ρ⌉ − 1.
    private func entries(_ tokens: Scalar, _ compressor: Compressor) -> Scalar {
      Attention.wholeEntries(tokens, .input(.tokensPerEntry, compressor.tokensPerEntry))
    }

    /// Entries of all sequences that become complete in this step.
    private func newEntries(_ compressor: Compressor) -> Scalar {
      pass.batch
        * entries(pass.attendedKeys, compressor).excess(
          over: entries(pass.attendedKeys.excess(over: pass.queryTokens), compressor))
    }

    func emit<Sink: RowSink<Scalar>>(_ compressor: Compressor, into sink: inout Sink) {
      emit(.keys, compressor, width: headDim, into: &sink)
      guard let indexer = compressor.indexer else { return }
      let (heads, width) = (Scalar.input(.indexHeads, indexer.heads), Scalar.input(.indexDim, indexer.width))
      emit(.index, compressor, width: width, into: &sink)
      sink.row(
        "index_q_proj", place, GEMM(m: pass.tokens, n: heads * width, k: queryRank, formats: formats),
        reads: Activations(.normalizedQueryLatent), writes: Activations(.indexQuery),
        weight: .tensor("self_attn.compressor.indexer.q_b_proj"))
      sink.row(
        "index_weights_proj", place, pass.columnParallel(heads, bias: false), reads: Activations(pass.input),
        writes: Activations(.indexWeights), weight: .tensor("self_attn.compressor.indexer.scorer.weights_proj"))
      let keys = entries(pass.attendedKeys, compressor)
      let pairs = Attention<Scalar>.entryPairs(
        pass.queryTokens, pass.attendedKeys, .input(.tokensPerEntry, compressor.tokensPerEntry), kept: nil)
      sink.row(
        "index_scores", place,
        IndexScores(
          batch: pass.batch, queryTokens: pass.queryTokens, keys: keys, pairs: pairs, heads: heads, width: width,
          keyHome: pass.keyValueHome, formats: formats),
        reads: Activations(.indexQuery, .indexWeights, pass.isTraining ? .indexKey : nil),
        writes: Activations(.indexScores))
      sink.row(
        "index_topk", place,
        IndexSelection(
          batch: pass.batch, queryTokens: pass.queryTokens, pairs: pairs,
          kept: keys.minimum(.input(.selectedKeys, indexer.kept)), keys: keys, formats: formats),
        reads: Activations(.indexScores), writes: Activations(.indices))
    }

    private func emit<Sink: RowSink<Scalar>>(
      _ part: CompressedPart, _ compressor: Compressor, width: Scalar, into sink: inout Sink
    ) {
      let entries = newEntries(compressor)
      let row = compressor.overlaps ? 2 * width : width
      sink.row(
        part.values, place, pass.columnParallel(row, bias: false), reads: Activations(pass.input),
        writes: Activations(.compressorValues), weight: .tensor(part.valuesWeight))
      sink.row(
        part.gates, place, pass.columnParallel(row, bias: false), reads: Activations(pass.input),
        writes: Activations(.compressorGates), weight: .tensor(part.gatesWeight))
      sink.row(
        part.compress, place,
        Compression(
          entries: entries, tokensPerEntry: .input(.tokensPerEntry, compressor.tokensPerEntry), rowWidth: row,
          width: width, keepsShares: pass.isTraining, formats: formats),
        reads: Activations(.compressorValues, .compressorGates),
        writes: Activations(.compressed, pass.isTraining ? .compressionShares : nil),
        weight: .whole(part.biasWeight))
      sink.row(
        part.norm, place, norm(rows: entries, width, to: pass.keyValueHome), reads: Activations(.compressed),
        writes: pass.isTraining ? Activations(part.keys) : .none, weight: .tensor(part.normWeight))
    }

    // MARK: attention

    private var mask: Attention<Scalar>.Mask {
      let window = Scalar.input(.window, block.window)
      guard let compressor = block.compressor else { return .slidingWindow(window) }
      return .compressed(
        window: window, tokensPerEntry: .input(.tokensPerEntry, compressor.tokensPerEntry),
        kept: compressor.indexer.map { .input(.selectedKeys, $0.kept) }, isSingle: pass.isSingleQuery)
    }

    func emitAttention<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      let attention = Attention(
        shape(pass.attendedKeys), mask: mask, keyValueHome: pass.keyValueHome, keepsProbabilities: pass.isTraining,
        valuesAreKeys: true, hasSinks: true, formats: formats)
      let keys = pass.isTraining ? Activations(.rotatedQuery, .rotatedKey) : Activations(.rotatedQuery)
      switch pass.operatorSet {
      case .fused:
        sink.row(
          .attention, place, attention, reads: keys,
          writes: Activations(.attendedLatent, pass.isTraining ? .probabilities : nil), weight: .shared)
      case .separate:
        let rectangle = shape(attention.visibleKeys)
        sink.row(
          .qkMatmul, place, QKMatmul(rectangle, keyValueHome: pass.keyValueHome, formats: formats), reads: keys,
          writes: Activations(.scores))
        sink.row(
          .softmax, place,
          Softmax(
            elements: rectangle.scores, width: rectangle.attendedKeys, sinks: heads, keepsSinks: pass.isTraining,
            formats: formats),
          reads: Activations(.scores), writes: Activations(.probabilities), weight: .whole("self_attn.sinks"))
        sink.row(
          .svMatmul, place, SVMatmul(rectangle, keyValueHome: pass.keyValueHome, formats: formats),
          reads: pass.isTraining ? Activations(.probabilities, .rotatedKey) : Activations(.probabilities),
          writes: Activations(.attendedLatent))
      }
    }

    /// Turns the output back, then projects it group by group, and all groups together.
    func emitOutput<Sink: RowSink<Scalar>>(to output: ActivationTensor, into sink: inout Sink) {
      sink.row(
        "inverse_rotary", place,
        Rotary(
          shape(pass.attendedKeys), dim: .input(.rotaryDim, block.rotaryDim), keySource: .none,
          formats: formats),
        reads: Activations(.attendedLatent, .table), writes: Activations(.attended))
      let groups = pass.share(.outputGroups, block.outputGroups, named: .shardOutputGroups)
      let rank = Scalar.input(.outputRank, block.outputRank)
      let perGroup = Scalar.input(.heads, block.numHeads) * headDim
      sink.row(
        "o_a_proj", place,
        BatchedGEMM(
          groups: groups, m: pass.tokens, n: rank,
          k: perGroup.divided(exactlyBy: .input(.outputGroups, block.outputGroups)), formats: formats),
        reads: Activations(.attended), writes: Activations(.outputLatent), weight: .tensor("self_attn.o_a_proj"))
      sink.row(
        "o_b_proj", place, pass.rowParallel(groups * rank, bias: false), reads: Activations(.outputLatent),
        writes: Activations(output), weight: .tensor("self_attn.o_b_proj"))
    }
  }
}

/// The two compressors of a layer by their rows' names.
private struct CompressedPart {
  let values, gates, compress, norm: OperatorName
  /// The entries of a training step, which keeps no cache.
  let keys: ActivationTensor
  let valuesWeight, gatesWeight, biasWeight, normWeight: StaticText

  static var keys: Self {
    Self(
      values: "compress_kv_proj", gates: "compress_gate_proj", compress: "compress", norm: "compress_norm",
      keys: .compressedKeys,
      valuesWeight: "self_attn.compressor.kv_proj", gatesWeight: "self_attn.compressor.gate_proj",
      biasWeight: "self_attn.compressor.position_bias", normWeight: "self_attn.compressor.kv_norm")
  }

  static var index: Self {
    Self(
      values: "index_compress_kv_proj", gates: "index_compress_gate_proj", compress: "index_compress",
      norm: "index_compress_norm", keys: .indexKey,
      valuesWeight: "self_attn.compressor.indexer.kv_proj",
      gatesWeight: "self_attn.compressor.indexer.gate_proj",
      biasWeight: "self_attn.compressor.indexer.position_bias",
      normWeight: "self_attn.compressor.indexer.kv_norm")
  }
}
