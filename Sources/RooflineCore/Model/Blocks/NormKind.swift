/// How a decoder normalises rows of its residual stream.
package enum NormKind: Hashable, Sendable {
  /// RMSNorm with a weight.
  case rms
  /// LayerNorm with weight and bias.
  case layer

  /// A norm over the rows of the residual stream.
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ name: OperatorName, _ place: RowPlace<Scalar>, _ pass: PassShape<Scalar>, reads: ActivationTensor,
    writes: ActivationTensor, weight: CheckpointWeight, into sink: inout Sink
  ) {
    switch self {
    case .rms:
      sink.row(
        name, place,
        RMSNorm(rows: pass.residualRows, width: pass.hidden, keepsRoot: pass.isTraining, formats: pass.formats),
        reads: Activations(reads), writes: Activations(writes), weight: weight)
    case .layer:
      sink.row(
        name, place,
        LayerNorm(
          rows: pass.residualRows, width: pass.hidden, keepsStatistics: pass.isTraining, formats: pass.formats),
        reads: Activations(reads), writes: Activations(writes), weight: weight)
    }
  }

  /// The addition of a branch to the stream, and the next norm, in one kernel.
  func emitAddition<Scalar: Term, Sink: RowSink<Scalar>>(
    _ name: OperatorName, _ place: RowPlace<Scalar>, _ pass: PassShape<Scalar>, reads: Activations,
    writes: ActivationTensor, weight: CheckpointWeight, into sink: inout Sink
  ) {
    let written = Activations(writes, pass.normalized)
    switch self {
    case .rms:
      sink.row(
        name, place,
        AddRMSNorm(rows: pass.residualRows, width: pass.hidden, keepsRoot: pass.isTraining, formats: pass.formats),
        reads: reads, writes: written, weight: weight)
    case .layer:
      sink.row(
        name, place,
        AddLayerNorm(
          rows: pass.residualRows, width: pass.hidden, keepsStatistics: pass.isTraining, formats: pass.formats),
        reads: reads,
        writes: written, weight: weight)
    }
  }
}
