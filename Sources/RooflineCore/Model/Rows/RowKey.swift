/// What a row's time is a function of on one device, under the same conditions.
package struct RowKey: Hashable, Sendable {
  private let counted: Operator<Count>
  /// The call of which its kernel is a share; nil where that is the row's own.
  private let shared: Operator<Count>?

  package init(_ row: NamedOperator<Count>) {
    counted = row.operator
    shared = row.sharedKernel
  }
}
