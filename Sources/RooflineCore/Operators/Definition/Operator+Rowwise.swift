extension Operator where Scalar == Count {
  /// How its work falls into rows; nil for an operator whose kernels do not work row by row.
  package var rowwise: RowwiseWork<Count>? { accept(RowwiseVisitor()) }
}

private struct RowwiseVisitor: OperatorVisitor {
  typealias Scalar = Count

  func visit<D: OperatorDefinition>(_ definition: D) -> RowwiseWork<Count>? where D.Scalar == Count {
    definition.rowwise
  }
}
