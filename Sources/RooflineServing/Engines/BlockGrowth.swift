/// How caches grow.
package struct BlockGrowth: Hashable, Sendable {
  /// Tokens of a block: a sequence holds whole ones.
  package var blockTokens: UInt64
  /// The share of the memory for caches that has to stay free when a request begins (vLLM's watermark).
  package var freeShare: Double
  /// The share of what requests will still get that has to have room when one begins, its own included (SGLang's new-token ratio).
  package var reservedShare: Double

  package init(blockTokens: UInt64, freeShare: Double, reservedShare: Double) {
    self.blockTokens = blockTokens
    self.freeShare = freeShare
    self.reservedShare = reservedShare
  }

  /// So many keys in whole blocks; nil where they do not fit in 63 bits.
  package func blocks(_ keys: UInt64) -> UInt64? {
    let rest = keys % blockTokens
    guard rest > 0 else { return keys }
    let (sum, isOverflow) = keys.addingReportingOverflow(blockTokens - rest)
    return isOverflow ? nil : sum
  }
}
