import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// A layer's graph beside what its rows are predicted to take, one behind the other.
package struct LayerComparison: Sendable {
  package let layer: MeasuredLayer
  /// Of all rows that ran, s; nil where one has neither prediction nor ideal time: unequal things are not compared.
  package let predicted: Double?
  /// The sum of the rows' ends, as if all erred alike; nil where a row's constants are of another generation or head dim.
  package let interval: ClosedRange<Double>?
  /// The sum of the rows' ideal times, s; nil where one has none.
  package let ideal: Double?
  /// What its rows take by themselves, s, as far as each of them was measured.
  package let apart: Double?
  /// Rows without a prediction, and why.
  package let unpredicted: [MeasuredLayer.LeftOut]
  /// Rows whose ideal times stand in the prediction, since nobody has constants for them, and why.
  package let uncalibrated: [MeasuredLayer.LeftOut]

  /// predicted/observed − 1.
  package var error: Double? { predicted.map { $0 / layer.seconds - 1 } }

  package var verdict: Comparison.Verdict? {
    guard let predicted else { return nil }
    if interval?.contains(layer.seconds) == true { return .ok }
    return Comparison.verdict(predicted: predicted, observed: layer.seconds, ideal: ideal)
  }

  /// On a GPU that nobody has a file of: nothing is predicted.
  package init(_ layer: MeasuredLayer) {
    self.layer = layer
    (predicted, interval, ideal, apart) = (nil, nil, nil, nil)
    (unpredicted, uncalibrated) = ([], [])
  }

  /// - Parameter observations: of kernels by themselves.
  package init(
    _ layer: MeasuredLayer, _ predictor: inout ObservationPredictor, measured observations: [Observation] = []
  ) {
    self.layer = layer
    let rowsApart = MeasuredRows(observations)
    var (sum, low, high) = (0.0, 0.0, 0.0)
    var (ideal, apart): (Double?, Double?) = (0, 0)
    var isBounded = true
    var (unpredicted, uncalibrated): ([MeasuredLayer.LeftOut], [MeasuredLayer.LeftOut]) = ([], [])
    for row in layer.rows {
      let own = row.counted?.idealSeconds(predictor.calibrations.hardware, RateOptions())
      ideal = ideal.flatMap { sum in own.map { sum + $0 } }
      apart = apart.flatMap { sum in row.counted.flatMap { rowsApart[$0] }.map { sum + $0.median } }
      func withoutModel(_ reason: String) {
        guard let own else {
          unpredicted.append(.init(name: row.name, reason: reason))
          return
        }
        uncalibrated.append(.init(name: row.name, reason: reason))
        (sum, low, high) = (sum + own, low + own, high + own)
      }
      switch row.kernel {
      case .failure(let missing): withoutModel(missing.reason)
      case .success(let kernel):
        switch predictor.predict(kernel, interval: 0.9) {
        case .failure(let skip): withoutModel(skip.reason)
        case .success(var prediction):
          if let found = predictor.found(kernel), found.isOtherGeneration || found.otherHeadDim != nil {
            isBounded = false
          }
          // As in serving: what is not in the cache comes from DRAM.
          if kernel.conditions.cache == .serving, let own, prediction.seconds < own {
            prediction = .init(seconds: own, interval: nil)
          }
          sum += prediction.seconds
          low += prediction.interval?.lowerBound ?? prediction.seconds
          high += prediction.interval?.upperBound ?? prediction.seconds
        }
      }
    }
    self.uncalibrated = uncalibrated
    self.unpredicted = unpredicted
    self.ideal = ideal
    self.apart = apart
    predicted = unpredicted.isEmpty ? sum : nil
    interval = unpredicted.isEmpty && isBounded ? low...high : nil
  }
}
