/// Keeps the rows and crossings of a forward pass as values, in order.
///
/// Every sink makes the compiler write out all rows of all models once more, with all of their formulas: what the engine takes to
/// build is the number of its sinks. Only what searches is a sink of its own; everybody else reads this list.
struct Tape<Scalar: Term>: RowSink {
  var rows: [NamedOperator<Scalar>] = []
  private var hasExperts = false
  /// Each with the number of rows before it.
  private(set) var crossings: [(rows: Int, crossing: ShardCrossing<Scalar>)] = []

  /// An empty list, for rows that are no pass of a decoder.
  init() {}

  init(_ pass: ForwardPass<Scalar>) {
    rows.reserveCapacity(ForwardPass<Scalar>.usualRowCount)
    crossings.reserveCapacity(ForwardPass<Scalar>.usualCrossingCount)
    pass.emit(into: &self)
    if hasExperts { nameExpertKernels() }
  }

  mutating func row<D: OperatorDefinition>(
    _ statement: RowStatement<Scalar>, _ definition: D
  ) where D.Scalar == Scalar {
    if D.self == GroupedGEMM<Scalar>.self { hasExperts = true }
    rows.append(NamedOperator(statement, definition.asOperator))
  }

  mutating func crossing(_ crossing: ShardCrossing<Scalar>) { crossings.append((rows.count, crossing)) }
}

extension ForwardPass {
  /// The rows as values: what predicts, explains, measures and compares them.
  package var rows: [NamedOperator<Scalar>] {
    @specialized(where Scalar == Count) get { Tape(self).rows }
  }

  /// What a visitor says of each row, in order.
  ///
  /// `dynamic`, so that the compiler does not write out all rows for a scalar that a pass asks once: for such a scalar rows take
  /// microseconds each, and the build no time.
  package dynamic func map<V: OperatorVisitor>(_ visitor: V) -> [V.Result] where V.Scalar == Scalar {
    rows.map { $0.operator.accept(visitor) }
  }
}
