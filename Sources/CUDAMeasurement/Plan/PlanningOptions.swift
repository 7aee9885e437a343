/// What a plan may choose from.
public struct PlanningOptions: Hashable, Sendable {
  /// Whether cuBLASLt is there.
  public var hasMatrixLibrary: Bool
  /// Matrix products by this package's own kernel even where cuBLASLt is there.
  public var prefersOwnProducts = false
  /// Tokens of a page of the KV cache; nil: each sequence's keys lie in one piece.
  public var pageTokens: Int?

  public init(hasMatrixLibrary: Bool = true, prefersOwnProducts: Bool = false, pageTokens: Int? = nil) {
    self.hasMatrixLibrary = hasMatrixLibrary
    self.prefersOwnProducts = prefersOwnProducts
    self.pageTokens = pageTokens
  }
}
