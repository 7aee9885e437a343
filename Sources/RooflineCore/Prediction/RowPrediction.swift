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
    _ name: OperatorName, _ scope: RowScope, occurrences: Count, _ definition: D, rates: DeviceRates, time: IdealTime,
    calibrated: CalibratedTime?
  ) where D.Scalar == Count {
    self.name = name
    self.scope = scope
    self.occurrences = occurrences
    let ideal = OperatorPrediction(definition.kind, OperatorCost(definition), rates: rates, time: time)
    prediction = calibrated?.timed(definition.asOperator, ideal: ideal) ?? ideal
  }
}
