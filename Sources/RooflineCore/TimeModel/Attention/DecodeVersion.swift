/// How long decode attention of an engine's version takes, beside what constants say that were measured with another version of its
/// kernels.
///
/// Source: Engines.md, "Decode attention of older versions".
package struct DecodeVersion: Hashable, Sendable {
  /// Format of the cache that it reads.
  package var cache: DType
  /// Query heads that share a key-value head.
  package var group: UInt64
  /// Its time over what the constants say.
  package var times: Double

  package init(cache: DType, group: UInt64, times: Double) {
    self.cache = cache
    self.group = group
    self.times = times
  }
}

extension KernelConditions {
  /// What a decode step's attention takes over what its constants say; 1 where nobody knows better.
  func decodeTimes(_ attention: Attention<Count>) -> Double {
    guard !decodeVersions.isEmpty else { return 1 }
    let group = AttentionSizes(attention).group
    return decodeVersions.first {
      attention.formats.keyValueCache == $0.cache && Double($0.group) == group
    }?.times ?? 1
  }
}
