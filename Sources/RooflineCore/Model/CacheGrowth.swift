/// What one more token of a sequence adds to the KV cache of the whole model.
public struct CacheGrowth: Hashable, Sendable {
  /// Of layers that keep every token.
  public let bytesPerToken: Count
  /// Of layers that keep the last tokens of a sequence, by how many.
  public let windows: [Window]

  /// Layers whose cache stops growing.
  public struct Window: Hashable, Sendable {
    /// While the window is not full; afterwards none.
    public let bytesPerToken: Count
    public let tokens: UInt64
  }

  public init(_ model: DecoderModel, _ formats: NumberFormats) {
    func bytes(_ window: UInt64?) -> Count {
      let elements = ParameterShape<Count>.keyValueElementsPerToken(model) { $0.window == window }
      return elements.bytes(formats.keyValueFormat)
    }
    bytesPerToken = bytes(nil)
    var tokens: [UInt64] = []
    for case let window? in model.groups.map({ $0.mixer?.cache.window }) where !tokens.contains(window) {
      tokens.append(window)
    }
    windows = tokens.map { Window(bytesPerToken: bytes($0), tokens: $0) }
  }
}
