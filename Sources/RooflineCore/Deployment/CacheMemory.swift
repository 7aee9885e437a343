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

  /// - Parameter model: the plan's, or what lies beside it.
  init(_ plan: FootprintPlan, _ model: DecoderModel, _ pass: PassShape<Scalar>, layers: [Scalar]) {
    self.pass = pass
    let whole = Scalar.input(.wholeBatch, plan.workload.batch)
    batch =
      plan.workload.parallelism.isAttentionDataParallel
      ? whole.divided(roundingUpBy: .input(.tensorParallel, plan.workload.tensorParallel)).named(.ownBatch) : whole
    context = plan.finalContext
    drafted = plan.workload.drafted
    for (group, layers) in zip(model.groups, layers) {
      guard let cache = group.mixer?.cache else { continue }
      for part in cache.tokens { add(part, layers) }
      if let index = cache.index { add(index, layers) }
      add(cache.state, layers, to: &states)
      add(cache.convolution, layers, to: &convolutions)
    }
    if let pages = plan.pages { fill(pages, plan, layers) }
  }

  /// Fills up each sequence's last page in every layer and, where states share the pool, the page that each state takes.
  private mutating func fill(_ pages: CachePages, _ plan: FootprintPlan, _ layers: [Scalar]) {
    let caches = plan.model.groups.compactMap { $0.mixer?.cache }
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
    for (group, layers) in zip(plan.model.groups, layers) {
      guard let cache = group.mixer?.cache else { continue }
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
