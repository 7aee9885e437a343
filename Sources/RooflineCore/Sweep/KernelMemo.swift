import Synchronization

/// Calibrated times of kernels that a search has met before: shapes repeat from one configuration to the next.
///
/// Threads have one each: whoever asks waits for whoever else does.
package final class KernelMemo: Sendable {
  /// More would take more memory than a sweep may.
  fileprivate static let limit = 16384

  /// A row's counts, and the call that its time is a share of.
  fileprivate struct Key: Hashable {
    let counted: Operator<Count>
    /// nil where that is the row's own.
    let shared: Operator<Count>?
  }

  fileprivate struct State {
    var known: [Key: OperatorPrediction] = [:]
    /// Of the pass before, row by row: from one step to the next only attention's rows change, and to compare two rows is quicker
    /// than to look one up.
    var latest: [(key: Key, prediction: OperatorPrediction)] = []
    /// What the times are of; those of others are forgotten.
    var owner: CalibratedTime?
    var ranks: UInt64 = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// A pass with calibrated times: those of `PhaseAnalysis`.
  func pass(
    _ model: DecoderModel, _ step: DecoderStep, _ analysis: Analysis, _ calibrated: CalibratedTime
  ) -> (sums: PassSums, bounds: SIMD4<Double>) {
    state.withLock { state in
      state.forgetOthers(than: calibrated, ranks: analysis.workload.devicesPerReplica.value)
      return state.pass(model, step, analysis, calibrated)
    }
  }
}

extension KernelMemo.State {
  fileprivate mutating func forgetOthers(than calibrated: CalibratedTime, ranks: UInt64) {
    guard owner !== calibrated || self.ranks != ranks else { return }
    (owner, self.ranks) = (calibrated, ranks)
    known.removeAll(keepingCapacity: true)
    latest.removeAll(keepingCapacity: true)
  }

  fileprivate mutating func pass(
    _ model: DecoderModel, _ step: DecoderStep, _ analysis: Analysis, _ calibrated: CalibratedTime
  ) -> (sums: PassSums, bounds: SIMD4<Double>) {
    let time = IdealTime(overlap: analysis.options.overlap)
    var sums = PassSums(groups: model.groups.count)
    var bounds = SIMD4<Double>(repeating: 0)
    for (place, row) in ForwardPass<Count>(model, step).rows.enumerated() {
      let prediction = prediction(row, at: place, analysis.rates, time, calibrated)
      sums.add(row.scope, seconds: prediction.seconds, prediction.cost, times: row.occurrences, roof: 0)
      bounds[prediction.bound.place] += prediction.seconds * Double(signed: row.occurrences)
    }
    return (sums, bounds)
  }

  private mutating func prediction(
    _ row: NamedOperator<Count>, at place: Int, _ rates: DeviceRates, _ time: IdealTime, _ calibrated: CalibratedTime
  ) -> OperatorPrediction {
    let key = KernelMemo.Key(counted: row.operator, shared: row.sharedKernel)
    let isPlaced = place < latest.count
    if isPlaced, latest[place].key == key { return latest[place].prediction }
    let prediction = known[key] ?? added(RowPrediction(row, rates: rates, time: time, by: calibrated).prediction, key)
    if isPlaced { latest[place] = (key, prediction) } else { latest.append((key, prediction)) }
    return prediction
  }

  private mutating func added(_ prediction: OperatorPrediction, _ key: KernelMemo.Key) -> OperatorPrediction {
    if known.count >= KernelMemo.limit { known.removeAll(keepingCapacity: true) }
    known[key] = prediction
    return prediction
  }
}

extension Bound {
  /// Its place among four sums.
  fileprivate var place: Int {
    switch self {
    case .compute: 0
    case .memory: 1
    case .network: 2
    case .latency: 3
    }
  }

  /// The bound of most of a time; nil where it is unknown, or there is none.
  static func largest(_ bounds: SIMD4<Double>) -> Bound? {
    let largest = bounds.max()
    guard largest > 0, !bounds.indices.contains(where: { bounds[$0].isNaN }) else { return nil }
    return allCases.first { bounds[$0.place] == largest }
  }
}

extension PassSummary {
  /// Seconds by bound.
  var bounds: SIMD4<Double> { SIMD4(compute, memory, network, latency) }
}
