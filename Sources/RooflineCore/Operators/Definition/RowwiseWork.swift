/// How an operator's work falls into rows, and what the rows move: what the time of a kernel depends on that gives each row threads of
/// its own.
package struct RowwiseWork<Scalar: Term>: Hashable, Sendable {
  /// How threads go over the elements.
  package enum Walk: Hashable, Sendable {
    /// A thread an element; rows do not matter.
    case elements
    /// The threads of a CTA go over a row together.
    case row
    /// The same, over the pairs of a row's queries and then over those of its keys.
    case pairs(queries: Scalar, keys: Scalar)
    /// Rows are looked up in a table, wherever in it they are.
    case gather
  }

  package let kind: OperatorKind
  package let dtype: DType
  /// Rows, and elements of each; elements in one row where rows do not matter.
  package let rows, width: Scalar
  /// Bytes loaded and stored, without what all rows share: weights and tables.
  package let bytes: Scalar
  package let walk: Walk

  init(_ kind: OperatorKind, dtype: DType, rows: Scalar, width: Scalar, bytes: Scalar, walk: Walk) {
    self.kind = kind
    self.dtype = dtype
    self.rows = rows
    self.width = width
    self.bytes = bytes
    self.walk = walk
  }

  /// With the bytes of the operands that are no weights.
  init<Definition: OperatorDefinition>(
    of definition: Definition, dtype: DType, rows: Scalar, width: Scalar, walk: Walk
  ) where Definition.Scalar == Scalar {
    let traffic = definition.traffic
    self.init(
      definition.kind, dtype: dtype, rows: rows, width: width,
      bytes: traffic.loadActivation + traffic.storeActivation + traffic.loadKVCache + traffic.storeKVCache, walk: walk)
  }
}
