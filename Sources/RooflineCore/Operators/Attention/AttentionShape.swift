/// One device's attention problem: B sequences, T queries each over C keys, h query heads in groups over h_kv KV heads.
package struct AttentionShape<Scalar: Term>: Hashable, Sendable {
  package let batch, queryTokens, attendedKeys, heads, keyValueHeads, headDim: Scalar
  /// Elements of a head's values, and of its output: d but where keys are wider than values.
  package let valueDim: Scalar
  /// Elements of each key that are the same in all KV heads, and lie in memory once; nil: none.
  package let sharedDim: Scalar?
  /// Elements of one token's keys, of all KV heads.
  private let keyRow: Scalar

  package init(
    batch: Scalar, queryTokens: Scalar, attendedKeys: Scalar, heads: Scalar, keyValueHeads: Scalar, headDim: Scalar,
    valueDim: Scalar? = nil
  ) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.attendedKeys = attendedKeys
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDim = headDim
    self.valueDim = valueDim ?? headDim
    sharedDim = nil
    keyRow = keyValueHeads * headDim
  }

  /// Heads whose keys end in elements that are the same in all of them: `ownDim` and `sharedDim` elements a key.
  package init(
    batch: Scalar, queryTokens: Scalar, attendedKeys: Scalar, heads: Scalar, ownDim: Scalar, sharedDim: Scalar,
    valueDim: Scalar
  ) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.attendedKeys = attendedKeys
    self.heads = heads
    keyValueHeads = heads
    headDim = ownDim + sharedDim
    self.valueDim = valueDim
    self.sharedDim = sharedDim
    keyRow = heads * ownDim + sharedDim
  }

  /// Elements of the queries: B·T·h·d.
  package var queries: Scalar {
    @specialized(where Scalar == Count) get { batch * queryTokens * heads * headDim }
  }
  /// Elements of the attention output: B·T·h·d_v.
  package var outputs: Scalar {
    @specialized(where Scalar == Count) get { batch * queryTokens * heads * valueDim }
  }
  /// Elements of the new keys: B·T·h_kv·d.
  package var newKeys: Scalar { batch * queryTokens * keyRow }
  /// Elements of the new values: B·T·h_kv·d_v.
  package var newValues: Scalar { batch * queryTokens * keyValueHeads * valueDim }
  /// Elements of all keys in the cache: B·C·h_kv·d.
  package var cachedKeys: Scalar {
    @specialized(where Scalar == Count) get { keys(attendedKeys) }
  }
  /// Elements of the keys of `count` tokens a sequence: B·C·h_kv·d of all.
  func keys(_ count: Scalar) -> Scalar { batch * count * keyRow }
  /// Elements of the values of as many.
  func values(_ count: Scalar) -> Scalar { batch * count * keyValueHeads * valueDim }
  /// Elements of all keys and values where each KV head has keys of its own: what heads share, once for each of them.
  package var spreadKeyValues: Scalar {
    @specialized(where Scalar == Count) get { batch * attendedKeys * keyValueHeads * (headDim + valueDim) }
  }
  /// Elements of the full score rectangle: B·h·T·C.
  package var scores: Scalar {
    @specialized(where Scalar == Count) get { batch * heads * queryTokens * attendedKeys }
  }
  /// FLOPs of queries by keys over the full rectangle, d multiplications and d additions a score: 2·B·h·T·C·d.
  package var keyProduct: Scalar { 2 * scores * headDim }
  /// FLOPs of probabilities by values: 2·B·h·T·C·d_v.
  package var valueProduct: Scalar { 2 * scores * valueDim }

  /// FLOPs of both products for so many pairs: 4·d each, or 2·(d + d_v).
  func products(_ pairs: Scalar) -> Scalar {
    valueDim == headDim ? 4 * pairs * headDim : 2 * pairs * (headDim + valueDim)
  }
}
