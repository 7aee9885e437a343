import RooflineCore

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
