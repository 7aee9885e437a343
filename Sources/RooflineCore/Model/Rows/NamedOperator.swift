/// A row: its statement and its operator.
package struct NamedOperator<Scalar: Term>: Hashable, Sendable {
  package let statement: RowStatement<Scalar>
  package let `operator`: Operator<Scalar>
  /// The call of which the row's kernel is a share; nil where a kernel is the row's own.
  var sharedKernel: Operator<Scalar>?

  init(_ statement: RowStatement<Scalar>, _ value: Operator<Scalar>, sharedKernel: Operator<Scalar>? = nil) {
    self.statement = statement
    self.operator = value
    self.sharedKernel = sharedKernel
  }

  /// What is asked for a measured or calibrated time.
  package var kernel: Operator<Scalar> {
    @specialized(where Scalar == Count) get { sharedKernel ?? self.operator }
  }

  package var name: OperatorName { statement.name }
  package var scope: RowScope {
    @specialized(where Scalar == Count) get { statement.place.scope }
  }
  /// How often it runs in one forward pass.
  package var occurrences: Scalar {
    @specialized(where Scalar == Count) get { statement.place.occurrences }
  }
}
