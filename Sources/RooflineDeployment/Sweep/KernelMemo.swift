import RooflineAnalysis
import RooflineCore
import RooflineTimeModels
import Synchronization

/// Calibrated times of kernels that a search has met before: shapes repeat from one configuration to the next.
///
/// Threads have one each: whoever asks waits for whoever else does.
package final class KernelMemo: Sendable {
  /// More would take more memory than a sweep may.
  fileprivate static let limit = 16384

  fileprivate struct State {
    var known: [RowKey: OperatorPrediction] = [:]
    /// Of the pass before, row by row: from one step to the next only attention's rows change, and to compare two rows is quicker
    /// than to look one up.
    var latest: [(key: RowKey, prediction: OperatorPrediction)] = []
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
      let times = row.statement.place.occurrences
      sums.add(row.statement.place.scope, seconds: prediction.seconds, prediction.cost, times: times, roof: 0)
      bounds[prediction.bound.place] += prediction.seconds * Double(signed: times)
    }
    return (sums, bounds)
  }

  private mutating func prediction(
    _ row: NamedOperator<Count>, at place: Int, _ rates: DeviceRates, _ time: IdealTime, _ calibrated: CalibratedTime
  ) -> OperatorPrediction {
    let key = RowKey(row)
    let isPlaced = place < latest.count
    if isPlaced, latest[place].key == key { return latest[place].prediction }
    let prediction =
      known[key] ?? added(RowPrediction(row, rates: rates, time: time, timing: calibrated.timed).prediction, key)
    if isPlaced { latest[place] = (key, prediction) } else { latest.append((key, prediction)) }
    return prediction
  }

  private mutating func added(_ prediction: OperatorPrediction, _ key: RowKey) -> OperatorPrediction {
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
