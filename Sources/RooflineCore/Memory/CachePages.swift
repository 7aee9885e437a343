/// How an engine hands out its cache: in pages, of which a sequence always holds whole ones.
///
/// Sources: vLLM, whose blocks have 16 tokens by default, makes one pool of pages of one size; in models with recurrences the
/// attention's blocks grow until one is as large as a layer's state, which then takes a page of its own ("Setting attention
/// block size to 528 tokens", vllm-project/vllm#37467). SGLang's pages have 1 token by default; states lie in slots of
/// their own. Latent and indexed caches have pages that depend on the kernel, so that their size must be given.
package struct CachePages: Hashable, Sendable {
  package enum Engine: String, Hashable, Sendable, CaseIterable {
    case vllm, sglang

    /// Tokens of a page of keys and values by heads, unless the engine is told otherwise.
    var usualTokens: UInt64 {
      switch self {
      case .vllm: 16
      case .sglang: 1
      }
    }
  }

  package let engine: Engine
  /// Tokens of a page; nil: the engine's usual ones.
  package let stated: UInt64?

  package init(_ engine: Engine, tokens stated: UInt64? = nil) {
    self.engine = engine
    self.stated = stated
  }

  /// As typed: `vllm`, `sglang:64`.
  package var text: String { stated.map { "\(engine.rawValue):\($0)" } ?? engine.rawValue }

  /// Tokens of a page before states are heeded.
  var tokens: UInt64 { stated ?? engine.usualTokens }

  /// Throws where there is no rule for a model's cache.
  func requireRule(for model: DecoderModel) throws(InputError) {
    let caches = model.groups.compactMap { $0.mixer?.cache }
    func refuse(_ what: String) -> InputError {
      .usage("--pages \(text): \(what); leave it out for the exact bytes")
    }
    let entries = caches.flatMap(\.tokens)
    if entries.contains(where: { $0.span != .all }) {
      throw refuse("how \(engine.rawValue) pages windows and chunks beside other layers has no rule here")
    }
    if entries.contains(where: { $0.tokensPerEntry > 1 })
      || caches.contains(where: { ($0.index?.tokensPerRow ?? 1) > 1 })
    {
      throw refuse("how \(engine.rawValue) pages compressed entries has no rule here")
    }
    let areShared = entries.contains { if case .shared = $0.content { true } else { false } }
    if stated == nil, areShared || caches.contains(where: { $0.index != nil }) {
      throw .usage(
        "--pages \(text): the page of a latent cache depends on the kernel; state its tokens, e.g. --pages \(engine.rawValue):64"
      )
    }
    guard engine == .vllm, caches.contains(where: { $0.state != nil || $0.convolution != nil }) else { return }
    if caches.contains(where: { $0.tokens.count > 1 }) || Set(entries.map(\.content)).count > 1 {
      throw refuse("how vllm unites the pages of different attention layers with those of states has no rule here")
    }
  }

  /// Tokens of a page on one device: grown, in vLLM, until one is as large as a layer's state.
  ///
  /// - Parameters:
  ///   - state: bytes of the largest state of a layer, convolution included; 0 without one.
  ///   - perToken: bytes of a token of an attention layer; 0 without one.
  func tokens(state: Count, perToken: Count) -> UInt64 {
    guard engine == .vllm, state > 0, perToken > 0 else { return tokens }
    let smallest = Count(tokens) * perToken
    return (Count(tokens) * state.divided(roundingUpBy: smallest)).value
  }

  /// Keys that fill up the last page of a sequence of `context` keys.
  static func rest(of context: UInt64, pageTokens: UInt64) -> UInt64 {
    let beyond = context % pageTokens
    return beyond == 0 ? 0 : pageTokens - beyond
  }
}
