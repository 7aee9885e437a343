/// Where attention's keys and values lie.
package enum KeyValueHome: Hashable, Sendable {
  /// In the KV cache, at its width.
  case cache
  /// Between operators, like any activation: a training step keeps no cache.
  case activation

  var load: TrafficClass { self == .cache ? .loadKVCache : .loadActivation }
  var store: TrafficClass { self == .cache ? .storeKVCache : .storeActivation }

  func format(_ formats: NumberFormats) -> ElementFormat {
    self == .cache ? formats.keyValueFormat : formats.residualFormat
  }

  /// The matrix unit of products with queries or probabilities.
  func unit(_ formats: NumberFormats) -> DType { self == .cache ? formats.attentionUnit : formats.residual }
}
