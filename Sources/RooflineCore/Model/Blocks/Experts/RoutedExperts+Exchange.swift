/// Where ranks have tokens of their own: tokens to their experts, and sums back.
extension RoutedExperts.Rows {
  /// Each token's row to the ranks that hold its experts.
  func emitDispatch<Sink: RowSink<Scalar>>(of input: ActivationTensor, into sink: inout Sink) -> ActivationTensor {
    sink.row(
      "dispatch_all_to_all", place, exchange(pass.formats.activationFormat, .dispatch), reads: Activations(input),
      writes: Activations(.dispatched))
    return .dispatched
  }

  /// What a rank's experts made of a token, added up there, back to the token's rank, which adds up the ranks' sums.
  func emitReturn<Sink: RowSink<Scalar>>(to sum: ActivationTensor, into sink: inout Sink) {
    sink.row(
      "combine_all_to_all", place, exchange(pass.formats.residualFormat, .combine), reads: Activations(.rankSums),
      writes: Activations(.returnedSums))
    sink.row(
      "combine_add", place,
      ExpertCombine(
        pairs: ownRows, rows: pass.tokens, width: stream, isWeighted: false, formats: pass.formats),
      reads: Activations(.returnedSums), writes: Activations(sum))
  }

  private func exchange(_ format: ElementFormat, _ direction: AllToAll<Scalar>.Direction) -> AllToAll<Scalar> {
    let ranks = Double(division.parallel)
    return AllToAll(
      rows: pass.tokens, width: stream, ranks: .input(.expertParallel, division.parallel),
      remoteRanks: ranksHit * (ranks - 1) / ranks, format: format, direction: direction,
      remoteChoices: Double(block.chosen) * (ranks - 1) / ranks)
  }
}
