/// The final norm and the projection to the vocabulary.
package struct HeadBlock: Hashable, Sendable {
  /// Whether the projection is the embedding's table.
  package var isTied: Bool
  package var name: StaticText
  package var normName: StaticText
  /// Whether logits pass cap·tanh(logit / cap).
  package var capsLogits: Bool
  /// Whether the projection has a bias.
  package var hasBias = false
  /// Snapshots of the stream that are mixed with it in front of the norm; nil: none ever.
  package var snapshots: UInt64?

  /// The streams that become one in front of the head; nil: there is one.
  package var streams: HyperConnections?
  /// Matrices that the checkpoint holds in formats of their own.
  package var formats = TensorFormats()

  package init(
    isTied: Bool, name: StaticText = "lm_head", normName: StaticText = "model.norm", capsLogits: Bool = false,
    snapshots: UInt64? = nil
  ) {
    self.isTied = isTied
    self.name = name
    self.normName = normName
    self.capsLogits = capsLogits
    self.snapshots = snapshots
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ embedding: EmbeddingBlock, norm: NormKind, fusesNorms: Bool,
    into sink: inout Sink
  ) {
    formats.state(into: &sink) { sink in
      emitRows(pass, embedding, norm: norm, fusesNorms: fusesNorms, into: &sink)
    }
  }

  private func emitRows<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ embedding: EmbeddingBlock, norm: NormKind, fusesNorms: Bool,
    into sink: inout Sink
  ) {
    let place = RowPlace<Scalar>(.afterLayers, 1)
    var stream = StreamMix<Scalar>.head.emit(of: .residual, snapshots: snapshots, pass, place, norm, into: &sink)
    if let streams {
      stream = streams.emitCollapse(.head, isHead: true, of: .residual, pass, place, into: &sink)
    }
    // The fused set's last additions have already applied the final norm.
    if pass.operatorSet == .separate || !fusesNorms {
      norm.emit(
        .finalNorm, place, pass, reads: stream, writes: pass.normalized, weight: .tensor(normName), into: &sink)
    }
    pass.gather(.head, "final_all_gather", place, &sink)
    let rows = pass.headRows
    let columns = embedding.shardVocabulary(pass)
    sink.row(
      .lmHead, place, GEMM(m: rows, n: columns, k: pass.hidden, formats: pass.formats, hasBias: hasBias),
      reads: Activations(.normalized), writes: Activations(.logits), weight: isTied ? .shared : .tensor(name))
    if capsLogits {
      sink.row(
        "logits_softcap", place, Softcap(elements: rows * columns, formats: pass.formats), reads: Activations(.logits),
        writes: Activations(.cappedLogits))
    }
    // A training step's loss is not counted, and one over a vocabulary in shards needs no row of logits whole.
    guard pass.isSharded, !pass.isTraining else { return }
    let logits = (rows * Scalar.input(.vocabulary, embedding.vocabSize)).bytes(pass.formats.residualFormat)
    let gathered = Activations(capsLogits ? .cappedLogits : .logits)
    sink.row(
      .logitsAllGather, place, Collective(.allGather, ranks: pass.tensorParallel, message: logits), reads: gathered,
      writes: gathered)
  }
}
