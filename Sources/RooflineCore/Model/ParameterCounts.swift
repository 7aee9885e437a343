/// How many parameters a model has, all devices together. Buffers that checkpoints hold beside them are none.
public struct ParameterCounts: Hashable, Sendable {
  /// All of them; a table that the head shares with the embedding once.
  public let total: Count
  /// What one token uses: of routed experts, as many as it is sent to. All of them in a model without.
  public let active: Count
  /// The same without tables of which a token reads rows: those of tokens, also where the head multiplies by the same table, and of
  /// learned positions.
  public let activeWithoutEmbedding: Count

  init(_ model: DecoderModel) {
    let shape = ParameterShape<Count>(model)
    total = shape.count
    active = shape.active
    activeWithoutEmbedding = shape.activeWithoutGatheredTables
  }
}

extension ModelConfiguration {
  /// What a sequence adds to the cache of the whole model, in bytes.
  ///
  /// - Parameter formats: those of the cache and of the states beside it.
  public func cache(_ formats: NumberFormats) -> CacheGrowth { CacheGrowth(model, formats) }
}
