/// What a draft module makes of a token's embedding and of the stream that the text part left, instead of an embedding alone.
///
/// Rows: `draft_embedding_norm`, `draft_hidden_norm`, then `draft_proj` of both side by side; or, of several residual streams,
/// `draft_embedding_proj`, `draft_hidden_proj` of every stream and `draft_add`. All of them run on every rank.
package struct DraftEntry: Hashable, Sendable {
  package enum Form: Hashable, Sendable {
    /// One product of both, 2·H wide.
    case joined(CheckpointWeight)
    /// A product of the embedding, added to one of each of so many streams.
    case added(embedding: CheckpointWeight, hidden: CheckpointWeight, streams: UInt64)
  }

  package var form: Form
  package var embeddingNorm, hiddenNorm: StaticText

  package init(
    _ form: Form, embeddingNorm: StaticText = "model.layers.N.enorm", hiddenNorm: StaticText = "model.layers.N.hnorm"
  ) {
    self.form = form
    self.embeddingNorm = embeddingNorm
    self.hiddenNorm = hiddenNorm
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, norm: NormKind, into sink: inout Sink
  ) {
    let place = RowPlace<Scalar>(.beforeLayers, 1)
    let formats = pass.formats
    norm.emit(
      "draft_embedding_norm", place, pass, reads: .residual, writes: .draftEmbedding, weight: .tensor(embeddingNorm),
      into: &sink)
    switch form {
    case .joined(let name):
      norm.emit(
        "draft_hidden_norm", place, pass, reads: .textStream, writes: .draftInput, weight: .tensor(hiddenNorm),
        into: &sink)
      sink.row(
        "draft_proj", place, GEMM(m: pass.tokens, n: pass.hidden, k: 2 * pass.hidden, formats: formats),
        reads: Activations(.draftInput), writes: Activations(.residual), weight: name)
    case .added(let embedding, let hidden, let count):
      let rows = Scalar.input(.streams, count) * pass.tokens
      sink.row(
        "draft_hidden_norm", place, RMSNorm(rows: rows, width: pass.hidden, formats: formats),
        reads: Activations(.textStream), writes: Activations(.draftInput), weight: .tensor(hiddenNorm))
      sink.row(
        "draft_embedding_proj", place, GEMM(m: pass.tokens, n: pass.hidden, k: pass.hidden, formats: formats),
        reads: Activations(.draftEmbedding), writes: Activations(.draftEmbedding), weight: embedding)
      sink.row(
        "draft_hidden_proj", place, GEMM(m: rows, n: pass.hidden, k: pass.hidden, formats: formats),
        reads: Activations(.draftInput), writes: Activations(.draftInput), weight: hidden)
      sink.row(
        "draft_add", place, ResidualAdd(elements: rows * pass.hidden, formats: formats),
        reads: Activations(.draftInput, .draftEmbedding), writes: Activations(.residual))
    }
  }
}
