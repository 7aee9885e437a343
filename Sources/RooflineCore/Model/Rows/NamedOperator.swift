/// A row: its statement and its operator.
public struct NamedOperator<Scalar: Term>: Hashable, Sendable {
  public let statement: RowStatement<Scalar>
  public let `operator`: Operator<Scalar>

  init(_ statement: RowStatement<Scalar>, _ value: Operator<Scalar>) {
    self.statement = statement
    self.operator = value
  }

  public var name: OperatorName { statement.name }
  public var scope: RowScope { statement.place.scope }
  /// How often it runs in one forward pass.
  public var occurrences: Scalar { statement.place.occurrences }
}
