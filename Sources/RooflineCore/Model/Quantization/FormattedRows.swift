/// Gives each row the format of its matrix on the way into another sink.
///
/// It borrows that sink for as long as `TensorFormats.state` runs: a sink of its own would be a copy of all rows so far.
struct FormattedRows<Base: RowSink>: RowSink {
  typealias Scalar = Base.Scalar

  let base: UnsafeMutablePointer<Base>
  let formats: TensorFormats

  @inline(__always)
  mutating func row<D: OperatorDefinition>(
    _ statement: RowStatement<Scalar>, _ definition: D
  ) where D.Scalar == Scalar {
    guard !formats.isEmpty, let tensor = statement.weight.tensor, let format = formats[tensor] else {
      base.pointee.row(statement, definition)
      return
    }
    base.pointee.row(statement, definition.holding(format) ?? definition)
  }

  @inline(__always) mutating func crossing(_ crossing: ShardCrossing<Scalar>) { base.pointee.crossing(crossing) }
}
