/// What takes a kernel's ideal time and gives it another: a time model that knows more than a datasheet.
package typealias KernelTime = (_ kernel: Operator<Count>, _ ideal: OperatorPrediction) -> OperatorPrediction

/// A row of a forward pass with its prediction.
public struct RowPrediction: Sendable {
  // Its row in parts, which are copied in a fraction of the time that the whole takes.
  private let statement: RowStatement<Count>
  private let value: Operator<Count>
  private let sharedKernel: Operator<Count>?
  package let prediction: OperatorPrediction

  package var row: NamedOperator<Count> { NamedOperator(statement, value, sharedKernel: sharedKernel) }

  /// What it is called; with several groups of layers `PhaseAnalysis.label(of:)` says of which it is.
  public var name: OperatorName { statement.name }
  /// Where in the pass it stands.
  public var scope: RowScope { statement.place.scope }
  /// How often it runs in one forward pass.
  public var occurrences: Count { statement.place.occurrences }
  package var kind: OperatorKind { prediction.kind }
  /// The name of its operator, as JSON's `kind` has it.
  public var kernel: String { prediction.kind.rawValue }
  /// Counts of one occurrence, of one device.
  public var cost: OperatorCost { prediction.cost }
  /// What limits it; nil where a rate that its time needs is missing.
  public var bound: Bound? { prediction.knownBound }
  /// One occurrence, s; nil where a rate that it needs is missing.
  public var time: Seconds? { prediction.time }
  /// What the time stands on.
  public var basis: TimeBasis { prediction.basis }

  package init(_ row: NamedOperator<Count>, rates: DeviceRates, time: IdealTime) {
    self.init(row, OperatorPrediction(row.operator, rates: rates, time: time))
  }

  /// A row at a time of somebody's own.
  package init(_ row: NamedOperator<Count>, rates: DeviceRates, time: IdealTime, timing: KernelTime) {
    self.init(row, timing(row.kernel, OperatorPrediction(row.operator, rates: rates, time: time)))
  }

  /// A row with a prediction that was made for another one with its operator.
  @inline(__always)
  init(_ row: NamedOperator<Count>, _ prediction: OperatorPrediction) {
    self.init(row.statement, row.operator, sharedKernel: row.sharedKernel, prediction)
  }

  /// The same of a row in parts.
  @inline(__always)
  init(
    _ statement: RowStatement<Count>, _ value: Operator<Count>, sharedKernel: Operator<Count>?,
    _ prediction: OperatorPrediction
  ) {
    self.statement = statement
    self.value = value
    self.sharedKernel = sharedKernel
    self.prediction = prediction
  }
}

extension OperatorPrediction {
  /// An operator's ideal time.
  init(_ value: Operator<Count>, rates: DeviceRates, time: IdealTime) {
    self = value.accept(PredictionVisitor(rates: rates, time: time))
  }

  /// Whether another operator is of the same kind and has the same counts.
  @inline(__always)
  func countsEqual(_ other: OperatorPrediction) -> Bool { kind == other.kind && cost == other.cost }
}

private struct PredictionVisitor: OperatorVisitor {
  typealias Scalar = Count

  let rates: DeviceRates
  let time: IdealTime

  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorPrediction where D.Scalar == Count {
    OperatorPrediction(definition.kind, OperatorCost(definition), rates: rates, time: time)
  }
}
