import RooflineCore
import RooflineTimeModels

/// What a benchmark of experts did that its rows do not say.
enum BenchmarkRouting: Equatable {
  /// A router that keeps the best groups of experts before it chooses experts, as DeepSeek-V3's does.
  case groups(all: UInt64, kept: UInt64)
  /// With ep > 1 a rank is shown only tokens that chose one of its experts, and computes their other choices, too, on its first expert,
  /// as if there were no other ranks.
  ///
  /// - gates: whether the activation is gated at every ep, whatever the model's.
  case rankAlone(gates: Bool)

  /// aiconfigurator's of SGLang's Triton from 0.5.14 on, by the shape of the experts; earlier versions were measured otherwise.
  ///
  /// Its collector gives each model a way through SGLang (its lists of cases): the model's own router, of which DeepSeek-V3's has
  /// groups, or, where a list names no router, the call of the kernels by themselves.
  init?(
    family: String, source: String, hidden: UInt64, intermediate: UInt64, experts: UInt64, chosen: UInt64,
    isQuantized: Bool
  ) {
    let parts = source.split(separator: "-", maxSplits: 1)
    guard family == "sglang-triton", parts.count == 2, parts[0] == "sglang",
      let version = BenchmarkRouting.version(parts[1]), !version.lexicographicallyPrecedes([0, 5, 14])
    else { return nil }
    switch (hidden, intermediate, experts, chosen) {
    case (7168, 2048, 256, 8): self = .groups(all: 8, kept: 4)
    // Mixtral 8x7B and 8x22B, Gemma 4, gpt-oss.
    case (4096, 14336, 8, 2), (6144, 16384, 8, 2), (2816, 704, 128, 8), (2880, 2880, 128, 4), (2880, 2880, 32, 4):
      self = .rankAlone(gates: false)
    // Nemotron 3 Super and Ultra, of whose checkpoints in 8 bits the list does not say that they have no gates.
    case (1024, 2688, 512, 22), (2048, 5120, 512, 22), (8192, 5120, 512, 22): self = .rankAlone(gates: isQuantized)
    case _: return nil
    }
  }

  /// The whole numbers of "0.5.14"; nil where a part is none.
  private static func version(_ text: Substring) -> [UInt64]? {
    let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt64($0) }
    return numbers.allSatisfy { $0 != nil } ? numbers.compactMap { $0 } : nil
  }
}

extension ExpertLayer<Count> {
  /// The call that ran where a row says this one.
  ///
  /// A power law's choices are taken as the law has them where there are groups: what those make of them depends on which experts were
  /// drawn together.
  func routed(as routing: BenchmarkRouting) -> ExpertLayer {
    switch routing {
    case .groups(let all, let kept): return load == .balanced && kept < all ? routed(groups: all, kept: kept) : self
    case .rankAlone(let gates): return alone(isGated: gates || isGated)
    }
  }

  private func routed(groups: UInt64, kept: UInt64) -> ExpertLayer {
    let pairs = ExpertLoad.balanced(
      experts.all.value, chosen: experts.chosen.value, tokens: experts.tokens.value, groups: groups, kept: kept)
    let held = Int(experts.held.value)
    // The first groups are kept, so the first rank has most.
    return with(
      load: .pairs(Array(pairs.prefix(held))), tokens: experts.tokens, all: experts.all, ranks: ranks, isGated: isGated)
  }

  private func alone(isGated: Bool) -> ExpertLayer {
    guard ranks > 1, var pairs = TokenSpread(self).pairsOfExperts else {
      return with(load: load, tokens: experts.tokens, all: experts.all, ranks: ranks, isGated: isGated)
    }
    let tokens = Double(experts.tokens.value)
    let shown =
      load == .balanced
      ? balancedTokens
      // Drawn choices of different experts fall on tokens as they come.
      : (tokens * (1 - pairs.reduce(1) { $0 * max(0, 1 - $1 / tokens) })).rounded(.up)
    pairs[0] += max(0, shown * Double(experts.chosen.value) - pairs.reduce(0, +))
    return with(
      load: .pairs(pairs), tokens: Count(UInt64(max(shown, 1))), all: experts.held, ranks: 1, isGated: isGated)
  }

  /// Balanced tokens that choose an expert of the first rank.
  private var balancedTokens: Double {
    let (all, chosen, tokens) = (experts.all.value, experts.chosen.value, experts.tokens.value)
    // Choices repeat with the experts' number.
    let around = min(tokens, all)
    var shown: UInt64 = 0
    for token in 0..<around {
      let isShown = (0..<chosen).contains {
        ExpertLoad.balancedExpert(all, chosen: chosen, token: token, choice: $0, of: tokens) < experts.held.value
      }
      if isShown { shown += (tokens - token - 1) / around + 1 }
    }
    return Double(shown)
  }

  private func with(load: ExpertLoad, tokens: Count, all: Count, ranks: UInt64, isGated: Bool) -> ExpertLayer {
    ExpertLayer(
      visible: tokens, hidden: hidden, width: width, isGated: isGated,
      experts: ExpertSet(
        held: experts.held, all: all, chosen: experts.chosen, tokens: tokens,
        touched: .load(load, experts: all.value, chosen: experts.chosen.value, ranks: ranks),
        share: ranks > 1 ? .part(of: Count(ranks)) : .all),
      load: load, ranks: ranks, isTuned: isTuned, shards: shards, formats: formats)
  }
}

extension ObservationReader {
  /// The call of a `kind=moe` row: what its columns say and, where they do not say how tokens were routed, what the benchmark did.
  static func routed(
    _ layer: ExpertLayer<Count>, _ row: RowFields
  ) throws(InputError) -> (layer: ExpertLayer<Count>, isRerouted: Bool) {
    let experts = layer.experts
    if !row.field(.groups).isEmpty || !row.field(.keptGroups).isEmpty {
      let (groups, kept) = (try row.whole(.groups).value, try row.whole(.keptGroups).value)
      guard experts.all.value.isMultiple(of: groups) else { throw row.complaint("groups does not divide experts") }
      guard kept <= groups else { throw row.complaint("kept_groups is more than groups") }
      guard experts.chosen.value <= experts.all.value / groups * kept else {
        throw row.complaint("top_k is more than the experts of kept_groups groups")
      }
      guard experts.all.value * experts.chosen.value <= ExpertLoad.mostGroupedChoices else {
        throw row.complaint("experts × top_k of a router by groups is above \(ExpertLoad.mostGroupedChoices)")
      }
      return (layer.routed(as: .groups(all: groups, kept: kept)), false)
    }
    let routing = BenchmarkRouting(
      family: row.field(.family), source: row.field(.source), hidden: layer.hidden.value,
      intermediate: (layer.width * Count(layer.shards)).value, experts: experts.all.value,
      chosen: experts.chosen.value, isQuantized: ProductFormat(layer.formats) == .fp8Block)
    guard let own = routing.map({ layer.routed(as: $0) }), own != layer else { return (layer, false) }
    return (own, true)
  }
}
