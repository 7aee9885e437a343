/// Rotary position embedding of queries and keys.
///
/// A pair of elements is turned by 4 multiplications, 1 subtraction and 1 addition: 3 an element. Cosines and sines come
/// from a cached table of T·d elements (no special functions in a step).
package struct Rotary<Scalar: Term>: OperatorDefinition {
  /// Where the new keys (and values) are when the kernel starts, and so where they go.
  package enum Source: Hashable, Sendable {
    /// The projections have written K to the cache; it is turned there. V is not touched.
    case keyValueCache
    /// A fused projection left q, k and v as one activation; K and V are moved to the cache on the way.
    case fusedProjection
    /// A latent projection left the one key of all heads as an activation; it is turned on its way to the cache.
    case latentProjection
    /// The same of an indexer's key, which has a 4-byte scale in a cache of 8 bits or less.
    case indexProjection
    /// There are no keys: what is turned are queries, or outputs of attention that are turned back.
    case none
    /// In a training step they are activations and stay so. Gradients turn back by the same angles: the sines' sign is free.
    case activation
  }

  package let shape: AttentionShape<Scalar>
  /// How many of a head's elements are turned; the others are only touched where they move.
  package let dim: Scalar
  package let keySource: Source
  package let formats: NumberFormats

  /// - Parameter dim: all of a head's elements when nil.
  package init(_ shape: AttentionShape<Scalar>, dim: Scalar? = nil, keySource: Source, formats: NumberFormats) {
    self.shape = shape
    self.dim = dim ?? shape.headDim
    self.keySource = keySource
    self.formats = formats
  }

  package var kind: OperatorKind { .rotary }
  package var asOperator: Operator<Scalar> { .rotary(self) }

  package var flops: FLOPCounts<Scalar> {
    let heads = keySource == .none ? shape.heads : shape.heads + shape.keyValueHeads
    return FLOPCounts(vector: 3 * shape.batch * shape.queryTokens * heads * dim)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let tokens = shape.batch * shape.queryTokens
    let queries = tokens * shape.heads * dim
    let keys = tokens * shape.keyValueHeads * dim
    visit(Operand(.query, .loadActivation, queries, formats.residualFormat))
    visit(Operand(.table, .loadActivation, shape.queryTokens * dim, formats.residualFormat))
    visit(Operand(.query, .storeActivation, queries, formats.residualFormat))
    switch keySource {
    case .keyValueCache:
      visit(Operand(.key, .loadKVCache, keys, formats.keyValueFormat))
      visit(Operand(.key, .storeKVCache, keys, formats.keyValueFormat))
    case .fusedProjection:
      visit(Operand(.key, .loadActivation, shape.newKeys, formats.residualFormat))
      visit(Operand(.value, .loadActivation, shape.newValues, formats.residualFormat))
      visit(Operand(.value, .storeKVCache, shape.newValues, formats.keyValueFormat))
      visit(Operand(.key, .storeKVCache, shape.newKeys, formats.keyValueFormat))
    case .none: break
    case .latentProjection, .indexProjection:
      visit(Operand(.key, .loadActivation, shape.newKeys, formats.residualFormat))
      visit(Operand(.key, .storeKVCache, shape.newKeys, formats.keyValueFormat))
      if keySource == .indexProjection, KeyValueHome.cache.carriesIndexScale(formats) {
        visit(Operand(.scale, .storeKVCache, tokens * shape.keyValueHeads, .score))
      }
    case .activation:
      visit(Operand(.key, .loadActivation, keys, formats.residualFormat))
      visit(Operand(.key, .storeActivation, keys, formats.residualFormat))
    }
  }

  package var gradients: OperatorGradients<Scalar> { .rows([.init(.backward, self)]) }

  /// Queries and keys are read and written where they lie, whole heads of them: kernels were measured so, and none that turns one key
  /// of all heads, or no key. Pairs of a head's elements have a thread each.
  package var rowwise: RowwiseWork<Scalar>? {
    switch keySource {
    case .latentProjection, .indexProjection, .none: return nil
    case .keyValueCache, .fusedProjection, .activation: break
    }
    let pairs = shape.headDim.divided(exactlyBy: 2)
    return RowwiseWork(
      kind, dtype: formats.residual, rows: shape.batch * shape.queryTokens,
      width: (shape.heads + shape.keyValueHeads) * shape.headDim,
      bytes: 2 * (shape.queries + shape.newKeys).bytes(formats.residualFormat),
      walk: .pairs(queries: shape.heads * pairs, keys: shape.keyValueHeads * pairs))
  }

  package static var source: String {
    "rotary, a pair of elements: 4 multiplications, 1 subtraction, 1 addition; table cached"
  }
}
