/// A dense MLP and routed experts side by side on the same stream, each between norms of its own: Gemma-4's feed-forward.
///
/// The layer's norm feeds the MLP; another norm of the stream feeds the experts. Both outputs are normalised, which ranks can only
/// do when they have added up their parts, and added.
package struct DenseBesideExperts: Hashable, Sendable {
  package var dense: GatedMLP
  package var experts: RoutedExperts
  /// The checkpoint's names of the norms behind the MLP, before the experts and behind them.
  package var afterDense, beforeExperts, afterExperts: StaticText

  package init(
    dense: GatedMLP, experts: RoutedExperts, afterDense: StaticText, beforeExperts: StaticText,
    afterExperts: StaticText
  ) {
    self.dense = dense
    self.experts = experts
    self.afterDense = afterDense
    self.beforeExperts = beforeExperts
    self.afterExperts = afterExperts
  }

  func isLegal(tensorParallel degree: UInt64, expertRanks: UInt64) -> Bool {
    dense.intermediateSize.isMultiple(of: degree)
      && experts.isLegal(tensorParallel: degree, expertRanks: expertRanks)
  }

  /// - Parameters:
  ///   - stream: what enters the layer's feed-forward.
  ///   - sum: where the two outputs' sum goes.
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, norm: NormKind, stream: ActivationTensor,
    sum: ActivationTensor, into sink: inout Sink
  ) {
    dense.emit(pass, place, into: &sink)
    pass.complete(
      .feedForward, .mlpAllReduce, .mlpReduceScatter, place, (.partialSum, .partialSum, .reducedSum), &sink)
    norm.emit(
      "mlp_branch_norm", place, pass, reads: pass.reducedSum, writes: .denseSum, weight: .tensor(afterDense),
      into: &sink)
    norm.emit(
      "experts_norm", place, pass, reads: stream, writes: pass.normalized, weight: .tensor(beforeExperts), into: &sink)
    pass.gather(.feedForward, "experts_all_gather", place, &sink)
    experts.emit(pass, place, into: &sink)
    pass.complete(
      .feedForward, "experts_all_reduce", "experts_reduce_scatter", place, (.partialSum, .partialSum, .reducedSum),
      &sink)
    norm.emit(
      "experts_branch_norm", place, pass, reads: pass.reducedSum, writes: .expertsSum, weight: .tensor(afterExperts),
      into: &sink)
    sink.row(
      "branch_add", place, ResidualAdd(elements: pass.residualRows * pass.hidden, formats: pass.formats),
      reads: Activations(.denseSum, .expertsSum), writes: Activations(sum))
  }
}
