/// A row of a forward pass with its prediction.
public struct RowPrediction: Sendable {
  public let name: OperatorName
  public let scope: RowScope
  public let occurrences: Count
  public let prediction: OperatorPrediction

  public var kind: OperatorKind { prediction.kind }
  public var cost: OperatorCost { prediction.cost }
  public var bound: Bound { prediction.bound }
  public var time: Seconds? { prediction.time }

  @inline(__always)
  init<D: OperatorDefinition>(
    _ name: OperatorName, _ scope: RowScope, occurrences: Count, _ definition: D, rates: DeviceRates, time: IdealTime
  ) where D.Scalar == Count {
    self.name = name
    self.scope = scope
    self.occurrences = occurrences
    prediction = OperatorPrediction(definition.kind, OperatorCost(definition), rates: rates, time: time)
  }

  /// The row with a calibrated time in place of its ideal one.
  init(_ ideal: RowPrediction, _ value: Operator<Count>, by calibrated: CalibratedTime) {
    name = ideal.name
    scope = ideal.scope
    occurrences = ideal.occurrences
    prediction = calibrated.timed(value, ideal: ideal.prediction)
  }
}
