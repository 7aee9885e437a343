/// What a plan may choose from.
package struct PlanningOptions: Hashable, Sendable {
  /// Whether cuBLASLt is there.
  package var hasMatrixLibrary: Bool
  /// Matrix products by this package's own kernel even where cuBLASLt is there.
  package var prefersOwnProducts = false
  /// Tokens of a page of the KV cache; nil: each sequence's keys lie in one piece.
  package var pageTokens: Int?

  package init(hasMatrixLibrary: Bool = true, prefersOwnProducts: Bool = false, pageTokens: Int? = nil) {
    self.hasMatrixLibrary = hasMatrixLibrary
    self.prefersOwnProducts = prefersOwnProducts
    self.pageTokens = pageTokens
  }
}
