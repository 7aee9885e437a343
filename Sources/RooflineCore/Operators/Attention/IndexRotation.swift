/// The Hadamard transform of index queries and of new index keys, which then go to the cache, if there is one.
///
/// A row of d = 2^s elements: s·d additions and subtractions, and d multiplications by 1/√d. In a cache of 8 bits or less a key
/// has a scale beside it.
package struct IndexRotation<Scalar: Term>: OperatorDefinition {
  package let tokens, heads, width: Scalar
  /// s, the transform's steps.
  package let steps: Scalar
  /// Where the keys go.
  package let keyHome: KeyValueHome
  package let formats: NumberFormats

  package init(
    tokens: Scalar, heads: Scalar, width: Scalar, steps: Scalar, keyHome: KeyValueHome = .cache, formats: NumberFormats
  ) {
    self.tokens = tokens
    self.heads = heads
    self.width = width
    self.steps = steps
    self.keyHome = keyHome
    self.formats = formats
  }

  package var kind: OperatorKind { .indexRotation }
  package var asOperator: Operator<Scalar> { .indexRotation(self) }
  package var gradients: OperatorGradients<Scalar> { .unknown }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: tokens * (heads + 1) * width * (steps + 1)) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let (queries, keys) = (tokens * heads * width, tokens * width)
    visit(Operand(.query, .loadActivation, queries, formats.residualFormat))
    visit(Operand(.key, .loadActivation, keys, formats.residualFormat))
    visit(Operand(.query, .storeActivation, queries, formats.residualFormat))
    visit(Operand(.key, keyHome.store, keys, keyHome.format(formats)))
    if keyHome.carriesIndexScale(formats) { visit(Operand(.scale, .storeKVCache, tokens, .score)) }
  }

  package static var source: String {
    "Hadamard transform, a row of d = 2^s: s·d additions and subtractions, d multiplications"
  }
}
