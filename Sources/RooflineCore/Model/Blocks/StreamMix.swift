/// The rows by which an attention residual mixes the stream with its snapshots, in front of a block or of the head.
struct StreamMix<Scalar: Term> {
  private let norm, score, snapshots, mix: OperatorName
  private let normWeight, scoreWeight: StaticText

  static var attention: Self {
    Self(
      norm: "attn_res_norm", score: "attn_res_score", snapshots: "attn_res_snapshots", mix: "attn_res_mix",
      normWeight: "self_attention_res_norm", scoreWeight: "self_attention_res_proj")
  }

  static var feedForward: Self {
    Self(
      norm: "mlp_res_norm", score: "mlp_res_score", snapshots: "mlp_res_snapshots", mix: "mlp_res_mix",
      normWeight: "mlp_res_norm", scoreWeight: "mlp_res_proj")
  }

  static var head: Self {
    Self(
      norm: "output_res_norm", score: "output_res_score", snapshots: "output_res_snapshots", mix: "output_res_mix",
      normWeight: "language_model.model.output_attn_res_norm", scoreWeight: "language_model.model.output_attn_res_proj")
  }

  /// - Parameter count: snapshots in all occurrences together; nil where nothing is mixed.
  /// - Returns: the tensor that the block's norm reads.
  @inline(__always)
  func emit<Sink: RowSink<Scalar>>(
    of stream: ActivationTensor, snapshots count: UInt64?, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>,
    _ norm: NormKind, into sink: inout Sink
  ) -> ActivationTensor {
    // Of most models: no more than this question is asked.
    guard let count else { return stream }
    return emitRows(of: stream, snapshots: count, pass, place, norm, into: &sink)
  }

  private func emitRows<Sink: RowSink<Scalar>>(
    of stream: ActivationTensor, snapshots count: UInt64, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>,
    _ norm: NormKind, into sink: inout Sink
  ) -> ActivationTensor {
    func share(_ part: BankMix<Scalar>.Part) -> BankMix<Scalar> {
      BankMix(
        part, rows: pass.residualRows, width: pass.hidden, keepsShares: pass.isTraining, formats: pass.formats)
    }
    norm.emit(
      self.norm, place, pass, reads: stream, writes: .normalizedStream, weight: .tensor(normWeight), into: &sink)
    sink.row(
      score, place, GEMM(m: pass.residualRows, n: 1, k: pass.hidden, formats: pass.formats),
      reads: Activations(.normalizedStream), writes: Activations(.mixScore), weight: .tensor(scoreWeight))
    if count > 0 {
      sink.row(
        snapshots, RowPlace(place.scope, .input(.snapshots, count)), share(.snapshot), reads: Activations(.bank),
        writes: pass.isTraining ? Activations(.snapshotShares, .snapshotScores) : .none)
    }
    sink.row(
      mix, place, share(.stream), reads: Activations(stream, .mixScore),
      writes: pass.isTraining ? Activations(.mixedStream, .streamShares) : Activations(.mixedStream))
    return .mixedStream
  }
}
