/// What a sequence adds to the cache of the whole model: with each token, and once.
public struct CacheGrowth: Hashable, Sendable {
  /// Of layers that keep every token; compressed entries by the token, rounded up.
  public let bytesPerToken: Count
  /// Of layers that keep a part of a sequence, by which part.
  public let windows: [Window]
  /// Keys of indexers.
  public let indexBytesPerToken: Count
  /// Of recurrences, whatever a sequence's length.
  public let stateBytesPerSequence: Count
  /// Of causal convolutions.
  public let convolutionBytesPerSequence: Count

  /// Layers whose cache stops growing.
  public struct Window: Hashable, Sendable {
    /// While the window is not full; afterwards none.
    public let bytesPerToken: Count
    /// The most tokens of a sequence that they keep.
    public let tokens: UInt64
    /// `.window` or `.chunk`.
    package let span: TokenCache.Span
  }

  package init(_ model: DecoderModel, _ formats: NumberFormats) {
    let layers = model.groups.indices.map { Count(model.layers(of: $0)) }
    let caches = zip(layers, model.groups).compactMap { layers, group in group.mixer.map { (layers, $0.cache) } }
    func sum(_ part: (CacheShape) -> Count) -> Count { caches.reduce(0) { $0 + $1.0 * part($1.1) } }
    /// Entries that stand for several tokens are added up before they are divided.
    func bytes(_ span: TokenCache.Span) -> Count {
      var perEntry: [UInt64: Count] = [:]
      for (layers, cache) in caches {
        for part in cache.tokens where part.span == span {
          let entry = part.entry { Count($0) }
          perEntry[part.tokensPerEntry, default: 0] =
            perEntry[part.tokensPerEntry, default: 0]
            + layers * entry.tensors * entry.width.bytes(formats.keyValueFormat)
        }
      }
      return perEntry.reduce(0) { $0 + $1.value.divided(roundingUpBy: Count($1.key)) }
    }
    bytesPerToken = bytes(.all)
    var spans: [TokenCache.Span] = []
    for (_, cache) in caches {
      for part in cache.tokens where part.span != .all && !spans.contains(part.span) { spans.append(part.span) }
    }
    windows = spans.map { Window(bytesPerToken: bytes($0), tokens: $0.limit ?? 0, span: $0) }
    var rows: [UInt64: Count] = [:]
    for (layers, cache) in caches {
      guard let index = cache.index else { continue }
      rows[index.tokensPerRow, default: 0] =
        rows[index.tokensPerRow, default: 0] + layers * index.rowBytes(formats)
    }
    indexBytesPerToken = rows.reduce(0) { $0 + $1.value.divided(roundingUpBy: Count($1.key)) }
    stateBytesPerSequence = sum { $0.state?.bytes(ranks: 1, formats) ?? 0 }
    convolutionBytesPerSequence = sum { $0.convolution?.bytes(ranks: 1, formats) ?? 0 }
  }
}
