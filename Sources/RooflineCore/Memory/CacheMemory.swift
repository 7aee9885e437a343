/// What each layer of a kind keeps, and how many such layers a device holds.
struct HeldCache<Scalar: Term>: Sendable {
  let shape: CacheShape
  let layers: Scalar

  /// Those of one device's layers; layers without a mixer keep nothing and are left out.
  ///
  /// - Parameters:
  ///   - stage: the device's place in the pipeline.
  ///   - stages: of the pipeline.
  static func all(of model: DecoderModel, stage: UInt64 = 0, of stages: UInt64) -> [HeldCache] {
    let layers = ParameterShape<Scalar>.layers(of: model, stage: stage, of: stages)
    return zip(model.groups, layers).compactMap { group, layers in
      group.mixer.map { HeldCache(shape: $0.cache, layers: layers) }
    }
  }
}

/// What the layers of one device keep of the whole batch: counted (`Count`) or explained (`Symbol`).
struct CacheMemory<Scalar: Term> {
  /// Keys and values, latents, windows and compressed entries.
  private(set) var tokens: Scalar?
  /// What each further token of every sequence adds to `tokens` and `indexKeys`.
  private(set) var growthPerToken: Scalar?
  private(set) var indexKeys: Scalar?
  private(set) var states: Scalar?
  private(set) var convolutions: Scalar?
  /// What whole pages hold beside all these; nil where no engine's pages are asked for.
  private(set) var pagePadding: Scalar?
  /// Tokens of a page.
  private(set) var pageTokens: UInt64?

  private let pass: PassShape<Scalar>
  private let batch: Scalar
  private let context: UInt64
  private let drafted: UInt64

  /// - Parameter caches: of the plan's model, or of what lies beside it.
  init(_ plan: FootprintPlan, _ pass: PassShape<Scalar>, _ caches: [HeldCache<Scalar>]) {
    self.pass = pass
    let whole = Scalar.input(.wholeBatch, plan.workload.batch)
    batch =
      plan.workload.parallelism.isAttentionDataParallel
      ? whole.divided(roundingUpBy: .input(.tensorParallel, plan.workload.tensorParallel)).named(.ownBatch) : whole
    context = plan.finalContext
    drafted = plan.workload.drafted
    for held in caches {
      for part in held.shape.tokens { add(part, held.layers) }
      if let index = held.shape.index { add(index, held.layers) }
      add(held.shape.state, held.layers, to: &states)
      add(held.shape.convolution, held.layers, to: &convolutions)
    }
    if let pages = plan.pages { fill(pages, caches) }
  }

  /// Fills up each sequence's last page in every layer and, where states share the pool, the page that each state takes.
  private mutating func fill(_ pages: CachePages, _ held: [HeldCache<Scalar>]) {
    let caches = held.map(\.shape)
    let ranks = pass.ranks
    let states = caches.map { cache in
      [cache.state, cache.convolution].compactMap { $0?.bytes(ranks: ranks, pass.formats) as Count? }.reduce(0, +)
    }
    let perToken = caches.flatMap(\.tokens).map { part -> Count in
      let entry = part.entry { Count($0).divided(roundingUpBy: Count(ranks)) }
      return entry.tensors * entry.width.bytes(pass.formats.keyValueFormat)
    }
    let tokens = pages.tokens(state: states.max() ?? 0, perToken: perToken.max() ?? 0)
    pageTokens = tokens
    pagePadding = 0
    let rest = Scalar.input(.pageRest, CachePages.rest(of: context, pageTokens: tokens))
    for cache in held {
      let (layers, cache) = (cache.layers, cache.shape)
      for part in cache.tokens { Self.add(layers * batch * rest * bytes(of: part), to: &pagePadding) }
      if let index = cache.index {
        let row: Scalar = index.rowBytes(pass.formats)
        Self.add(layers * batch * rest * row, to: &pagePadding)
      }
      guard pages.engine == .vllm, let key = caches.lazy.flatMap(\.tokens).first else { continue }
      let kept = [cache.state, cache.convolution].compactMap { $0?.bytes(ranks: ranks, pass.formats) as Scalar? }
      guard let first = kept.first else { continue }
      let page = Scalar.input(.pageTokens, tokens) * bytes(of: key)
      Self.add(layers * batch * page.excess(over: kept.dropFirst().reduce(first, +)), to: &pagePadding)
    }
  }

  /// Of one entry on this device.
  private func bytes(of part: TokenCache) -> Scalar {
    let entry = part.entry { pass.roundedUpShare(.keyValueHeads, $0, named: .shardKeyValueHeads) }
    return entry.tensors * entry.width.bytes(pass.formats.keyValueFormat)
  }

  private mutating func add(_ part: TokenCache, _ layers: Scalar) {
    let entry = part.entry { pass.roundedUpShare(.keyValueHeads, $0, named: .shardKeyValueHeads) }
    let perToken = batch * entry.width
    let format = pass.formats.keyValueFormat
    let keys = Scalar.input(.cachedKeys, part.entries(of: context))
    Self.add(entry.tensors * layers * (perToken * keys).bytes(format), to: &tokens)
    // A window that is full lets go of a key for each that comes.
    guard part.grows(beyond: context) else { return }
    grow(entry.tensors * layers * perToken.bytes(format), part.tokensPerEntry)
  }

  private mutating func add(_ index: IndexKeyCache, _ layers: Scalar) {
    let row: Scalar = index.rowBytes(pass.formats)
    Self.add(layers * batch * .input(.cachedKeys, context / index.tokensPerRow) * row, to: &indexKeys)
    grow(layers * batch * row, index.tokensPerRow)
  }

  private func add(_ state: SequenceState?, _ layers: Scalar, to sum: inout Scalar?) {
    guard let state else { return }
    // One for each token that is verified: those behind the last one that is kept are rolled back.
    let slots = drafted > 0 ? batch * (.input(.draftTokens, drafted) + 1) : batch
    Self.add(layers * slots * state.bytes(ranks: pass.ranks, pass.formats), to: &sum)
  }

  /// Entries of several tokens by the token, rounded up.
  private mutating func grow(_ entry: Scalar, _ tokens: UInt64) {
    Self.add(
      tokens == 1 ? entry : entry.divided(roundingUpBy: .input(.tokensPerEntry, tokens)), to: &growthPerToken)
  }

  private static func add(_ bytes: Scalar, to sum: inout Scalar?) { sum = sum.map { $0 + bytes } ?? bytes }
}
