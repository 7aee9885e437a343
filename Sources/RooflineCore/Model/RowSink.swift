/// Takes the rows of a forward pass one by one, each with its operator's own type, so that counting needs no existential and
/// no sum type in between.
public protocol RowSink<Scalar> {
  associatedtype Scalar: Term

  /// A row and how often it runs in a forward pass.
  mutating func row<D: OperatorDefinition>(
    _ name: OperatorName, _ scope: RowScope, _ occurrences: Scalar, _ definition: D) where D.Scalar == Scalar
}

/// Keeps the rows as values.
struct RowList<Scalar: Term>: RowSink {
  var rows: [NamedOperator<Scalar>] = []

  mutating func row<D: OperatorDefinition>(
    _ name: OperatorName, _ scope: RowScope, _ occurrences: Scalar, _ definition: D
  ) where D.Scalar == Scalar {
    rows.append(NamedOperator(name, scope, occurrences, definition.asOperator))
  }
}

extension BackwardPass {
  /// The rows as values.
  public var rows: [NamedOperator<Scalar>] {
    var list = RowList<Scalar>()
    emit(into: &list)
    return list.rows
  }
}

extension ForwardPass {
  /// The rows as values: what explains, measures and compares them.
  public var rows: [NamedOperator<Scalar>] {
    var list = RowList<Scalar>()
    emit(into: &list)
    return list.rows
  }
}
