import RooflineCore

/// A layer's graph beside what its rows are predicted to take, one behind the other.
package struct LayerComparison: Sendable {
  package let layer: MeasuredLayer
  /// Of all rows that ran, s; nil where one of them has no prediction: unequal things are not compared.
  package let predicted: Double?
  /// The sum of the rows' ends, as if all erred alike; nil where a row's constants are of another generation or head dim.
  package let interval: ClosedRange<Double>?
  /// The sum of the rows' ideal times, s; nil where one has none.
  package let ideal: Double?
  /// What its rows take by themselves, s, as far as each of them was measured.
  package let apart: Double?
  /// Rows without a prediction, and why.
  package let unpredicted: [MeasuredLayer.LeftOut]

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
    unpredicted = []
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
    var unpredicted: [MeasuredLayer.LeftOut] = []
    for row in layer.rows {
      switch row.kernel {
      case .failure(let missing):
        unpredicted.append(.init(name: row.name, reason: missing.reason))
        (ideal, apart) = (nil, nil)
      case .success(let kernel):
        ideal = kernel.value.idealSeconds(predictor.calibrations.hardware, RateOptions()).flatMap { own in
          ideal.map { $0 + own }
        }
        apart = rowsApart[kernel.value].flatMap { times in apart.map { $0 + times.median } }
        switch predictor.predict(kernel, interval: 0.9) {
        case .failure(let skip): unpredicted.append(.init(name: row.name, reason: skip.reason))
        case .success(let prediction):
          if let found = predictor.found(kernel), found.isOtherGeneration || found.otherHeadDim != nil {
            isBounded = false
          }
          sum += prediction.seconds
          low += prediction.interval?.lowerBound ?? prediction.seconds
          high += prediction.interval?.upperBound ?? prediction.seconds
        }
      }
    }
    self.unpredicted = unpredicted
    self.ideal = ideal
    self.apart = apart
    predicted = unpredicted.isEmpty ? sum : nil
    interval = unpredicted.isEmpty && isBounded ? low...high : nil
  }
}
