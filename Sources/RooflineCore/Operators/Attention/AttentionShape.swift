/// One device's attention problem: B sequences, T queries each over C keys, h query heads in groups over h_kv KV heads.
public struct AttentionShape<Scalar: Term>: Hashable, Sendable {
  public let batch, queryTokens, attendedKeys, heads, keyValueHeads, headDim: Scalar

  public init(
    batch: Scalar, queryTokens: Scalar, attendedKeys: Scalar, heads: Scalar, keyValueHeads: Scalar, headDim: Scalar
  ) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.attendedKeys = attendedKeys
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDim = headDim
  }

  /// Elements of the queries, and of the attention output: B·T·h·d.
  public var queries: Scalar { batch * queryTokens * heads * headDim }
  /// Elements of the new keys, and of the new values: B·T·h_kv·d.
  public var newKeys: Scalar { batch * queryTokens * keyValueHeads * headDim }
  /// Elements of all keys in the cache, and of all values: B·C·h_kv·d.
  public var cachedKeys: Scalar { batch * attendedKeys * keyValueHeads * headDim }
  /// Elements of the full score rectangle: B·h·T·C.
  public var scores: Scalar { batch * heads * queryTokens * attendedKeys }
  /// FLOPs of a product over the full rectangle, d multiplications and d additions a score: 2·B·h·T·C·d.
  public var product: Scalar { 2 * scores * headDim }
}
