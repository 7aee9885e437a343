/// What turns tokens into the residual stream.
package struct EmbeddingBlock: Hashable, Sendable {
  package var vocabSize: UInt64
  package var name: StaticText
  /// A table of learned positions that is added.
  package var positions: Positions?
  /// Whether the stream is scaled by √H before the first layer.
  package var isScaled: Bool
  /// Whether the table is another part's, which holds it.
  package var isShared = false

  package struct Positions: Hashable, Sendable {
    /// Rows of the table.
    package var rows: UInt64
    package var name: StaticText

    package init(rows: UInt64, name: StaticText) {
      self.rows = rows
      self.name = name
    }
  }

  package init(
    vocabSize: UInt64, name: StaticText = "model.embed_tokens", positions: Positions? = nil, isScaled: Bool = false
  ) {
    self.vocabSize = vocabSize
    self.name = name
    self.positions = positions
    self.isScaled = isScaled
  }

  /// One rank's rows of the table; the last rank's are padded.
  func shardVocabulary<Scalar: Term>(_ pass: PassShape<Scalar>) -> Scalar {
    pass.roundedUpShare(.vocabulary, vocabSize, named: .shardVocabulary)
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(_ pass: PassShape<Scalar>, into sink: inout Sink) {
    let place = RowPlace<Scalar>(.beforeLayers, 1)
    sink.row(
      .embedding, place,
      Embedding(
        tokens: pass.tokens, ownRows: pass.tokens.divided(roundingUpBy: pass.tensorParallel), width: pass.hidden,
        tableRows: shardVocabulary(pass), formats: pass.formats),
      reads: Activations(.tokenIDs), writes: Activations(pass.isSequenceParallel ? .partialSum : .residual),
      weight: isShared ? .shared : .tensor(name))
    pass.complete(
      .embedding, .embeddingAllReduce, .embeddingReduceScatter, place, (.partialSum, .residual, .residual), &sink)
    if isScaled {
      sink.row(
        "embedding_scale", place, Scale(elements: pass.residualRows * pass.hidden, formats: pass.formats),
        reads: Activations(.residual), writes: Activations(.residual))
    }
    guard let positions else { return }
    sink.row(
      .positionEmbedding, place,
      PositionEmbedding(
        rows: pass.residualRows,
        // A share of the rows has no more places than rows.
        positions: pass.isSequenceParallel ? pass.queryTokens.minimum(pass.residualRows) : pass.queryTokens,
        width: pass.hidden, tableRows: .input(.positions, positions.rows), formats: pass.formats),
      reads: Activations(.residual), writes: Activations(.residual), weight: .tensor(positions.name))
  }
}
