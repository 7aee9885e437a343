/// A row of a forward pass with its prediction.
public struct RowPrediction: Sendable {
  public let row: NamedOperator<Count>
  public let prediction: OperatorPrediction

  public var name: OperatorName { row.name }
  public var scope: RowScope { row.scope }
  /// How often it runs in one forward pass.
  public var occurrences: Count { row.occurrences }
  public var kind: OperatorKind { prediction.kind }
  public var cost: OperatorCost { prediction.cost }
  public var bound: Bound { prediction.bound }
  public var time: Seconds? { prediction.time }

  init(_ row: NamedOperator<Count>, rates: DeviceRates, time: IdealTime) {
    self.row = row
    prediction = row.operator.accept(PredictionVisitor(rates: rates, time: time))
  }

  /// A row with a prediction that was made for another one with its operator.
  init(_ row: NamedOperator<Count>, _ prediction: OperatorPrediction) {
    self.row = row
    self.prediction = prediction
  }

  /// A row with a calibrated time in place of its ideal one.
  init(_ row: NamedOperator<Count>, rates: DeviceRates, time: IdealTime, by calibrated: CalibratedTime) {
    self.row = row
    prediction = calibrated.timed(
      row.operator, ideal: row.operator.accept(PredictionVisitor(rates: rates, time: time)))
  }
}

private struct PredictionVisitor: OperatorVisitor {
  typealias Scalar = Count

  let rates: DeviceRates
  let time: IdealTime

  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorPrediction where D.Scalar == Count {
    OperatorPrediction(definition.kind, OperatorCost(definition), rates: rates, time: time)
  }
}
