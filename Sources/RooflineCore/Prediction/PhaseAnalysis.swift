/// One forward pass, row by row, and its sums.
public struct PhaseAnalysis: Sendable {
  public let step: DecoderStep
  public let operators: [RowPrediction]

  public init(
    _ model: DecoderModel, _ step: DecoderStep, rates: DeviceRates, time: IdealTime, calibrated: CalibratedTime? = nil
  ) {
    self.step = step
    let predictions = Predictions(rates: rates, time: time)
    let forward = ForwardPass<Count>(model, step)
    if let calibrated {
      operators = PhaseAnalysis.emit(forward, into: CalibratedPredictions(ideal: predictions, calibrated: calibrated))
    } else if step.trainingPass == .backward {
      operators = PhaseAnalysis.emitGradients(of: forward, into: predictions)
    } else {
      var predictions = predictions
      forward.emit(into: &predictions)
      operators = predictions.rows
    }
  }

  /// Apart, so that the ideal forward pass's code stays small enough to be inlined.
  @inline(never)
  private static func emit(
    _ forward: ForwardPass<Count>, into predictions: CalibratedPredictions
  ) -> [RowPrediction] {
    var predictions = predictions
    forward.emit(into: &predictions)
    return predictions.ideal.rows
  }

  /// Apart, as above.
  @inline(never)
  private static func emitGradients(
    of forward: ForwardPass<Count>, into predictions: Predictions
  ) -> [RowPrediction] {
    var predictions = predictions
    BackwardPass(forward).emit(into: &predictions)
    return predictions.rows
  }

  /// Sum over a layer's rows, one occurrence each.
  public var layer: Total { sum(of: .layer) }

  /// Sum over all rows times their occurrences, one after another: the way of one (micro-)batch through the model.
  public var model: Total {
    var total = Total()
    for row in operators { total.add(row.prediction, times: row.occurrences) }
    return total
  }

  /// Sum over the rows of one scope, one occurrence each.
  func sum(of scope: RowScope) -> Total {
    var total = Total()
    for row in operators where row.scope == scope { total.add(row.prediction, times: 1) }
    return total
  }

  /// Costs added up, and the time they take one after another.
  public struct Total: Sendable {
    public internal(set) var cost = OperatorCost()
    var seconds = 0.0

    /// nil where the time of a row in the sum is unknown.
    public var time: Seconds? { seconds.isNaN ? nil : Seconds(seconds) }

    static func + (left: Total, right: Total) -> Total {
      var sum = left
      sum.cost = left.cost + right.cost
      sum.seconds += right.seconds
      return sum
    }

    mutating func add(_ prediction: OperatorPrediction, times: Count) {
      cost = cost + prediction.cost * times
      seconds += prediction.seconds * Double(signed: times)
    }
  }

  /// Time of all rows one after another, without adding up their counts; nil where one is unknown.
  public var time: Seconds? {
    var seconds = 0.0
    for row in operators { seconds += row.prediction.seconds * Double(signed: row.occurrences) }
    return seconds.isNaN ? nil : Seconds(seconds)
  }

  /// The first count that does not fit in 63 bits, in words; nil when all of them are exact.
  public var overflow: String? {
    if let row = operators.first(where: \.cost.isOverflow) { return row.name.rawValue }
    if layer.cost.isOverflow { return "the sum over a layer" }
    return model.cost.isOverflow ? "the sum over the model" : nil
  }
}

/// Turns rows into predictions as they come.
private struct Predictions: RowSink {
  let rates: DeviceRates
  let time: IdealTime
  var rows: [RowPrediction] = []

  init(rates: DeviceRates, time: IdealTime) {
    self.rates = rates
    self.time = time
    rows.reserveCapacity(ForwardPass<Count>.maximumRowCount)
  }

  mutating func row<D: OperatorDefinition>(
    _ name: OperatorName, _ scope: RowScope, _ occurrences: Count, _ definition: D
  ) where D.Scalar == Count {
    rows.append(RowPrediction(name, scope, occurrences: occurrences, definition, rates: rates, time: time))
  }
}

/// The same with calibrated times; a type of its own, so that ideal rows do not pay for the question.
private struct CalibratedPredictions: RowSink {
  var ideal: Predictions
  let calibrated: CalibratedTime

  mutating func row<D: OperatorDefinition>(
    _ name: OperatorName, _ scope: RowScope, _ occurrences: Count, _ definition: D
  ) where D.Scalar == Count {
    let row = RowPrediction(
      name, scope, occurrences: occurrences, definition, rates: ideal.rates, time: ideal.time)
    ideal.rows.append(RowPrediction(row, definition.asOperator, by: calibrated))
  }
}
