/// A row: its statement and its operator.
package struct NamedOperator<Scalar: Term>: Hashable, Sendable {
  package let statement: RowStatement<Scalar>
  package let `operator`: Operator<Scalar>

  init(_ statement: RowStatement<Scalar>, _ value: Operator<Scalar>) {
    self.statement = statement
    self.operator = value
  }

  package var name: OperatorName { statement.name }
  package var scope: RowScope { statement.place.scope }
  /// How often it runs in one forward pass.
  package var occurrences: Scalar { statement.place.occurrences }
}
