import RooflineCore

/// The time of absorbed latent attention in a decode step: every head tile walks over the cached latents, which are keys and values.
///
/// Source: TimeModels.md, "Latent attention".
package struct LatentDecodeTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: LatentDecodeConstants
  package let cut: LatentDecodeCut
  let l2: L2Reach

  /// How keys are shared among CTAs: head tiles of a sequence; starts and blocks of keys that the busiest SM does one after another;
  /// parts of a sequence's keys, and how much longer a block takes on a crowded GPU.
  struct Plan {
    var headTiles, starts, blocks, split: Double
    var crowding = 1.0
  }

  /// Blocks of keys that FlashMLA reckons a sequence's start as.
  static let startBlocks = 5.0
  /// Into how many parts Triton's kernel always splits keys.
  static let tritonSplit = 8.0

  func plan(_ call: AttentionSizes) -> Plan {
    let processors = facts.streamingMultiprocessors
    switch cut.design {
    case .flashMLA:
      let tiles = (call.heads / 64).ceiling
      let blocks = (call.context / 64).ceiling
      let parts = max(1, (processors / tiles).rounded(.down))
      let start = LatentDecodeTimeModel.startBlocks
      let payload = (call.batch * (blocks + start) / parts).ceiling + start
      let whole = (payload / (blocks + start)).rounded(.down)
      guard whole == 0 else { return Plan(headTiles: tiles, starts: whole, blocks: whole * blocks, split: 1) }
      let own = payload - start
      return Plan(headTiles: tiles, starts: 1, blocks: own, split: (blocks / own).ceiling)
    case .flashAttention3, .trtllmGen, .trtllmFMHA:
      let rows: Double =
        cut.design == .flashAttention3 ? 64 : call.heads <= 32 ? 16 : call.heads <= 64 ? 64 : 128
      let tiles = (call.heads / rows).ceiling
      let blocks = (call.context / 128).ceiling
      let items = call.batch * tiles
      let split = SplitRules.efficient(
        items: items, blocks: blocks, slots: processors, most: (processors / 2).rounded(.down))
      let starts = (items * split / processors).ceiling
      // A tile of 16 rows has less to multiply.
      let share = rows == 16 ? 0.6 : 1
      return Plan(headTiles: tiles, starts: starts, blocks: starts * (blocks / split).ceiling * share, split: split)
    case .trtllm:
      let tiles = (call.heads / 64).ceiling
      let items = call.batch * tiles
      let starts = (items / processors).ceiling
      let busy = min(1, max(0, (min(items, processors) / processors - 0.25) / 0.35))
      return Plan(
        headTiles: tiles, starts: starts, blocks: starts * (call.context / 64).ceiling, split: 1,
        crowding: 1 + constants.combine * busy)
    case .triton:
      let split = LatentDecodeTimeModel.tritonSplit
      let tiles = (call.heads / 16).ceiling
      let starts = max(1, call.batch * tiles * split / processors)
      let blocks = ((call.context / 32).ceiling / split).ceiling
      return Plan(headTiles: tiles, starts: starts, blocks: starts * blocks, split: split)
    case .tritonParts:
      let parts = LatentDecodeTimeModel.tritonSplit
      let tiles = (call.heads / 16).ceiling
      // A part has whole blocks, so that few keys leave parts without any.
      let blocks = (call.context / parts / 32).ceiling
      let filled = (call.context / (32 * blocks)).ceiling
      let items = call.batch * tiles / processors
      return Plan(headTiles: tiles, starts: items * parts, blocks: max(1, items * filled) * blocks, split: filled)
    }
  }

  /// Everything that a call's time consists of, µs.
  struct Terms {
    var plan: Plan
    var memory, serial, combine, query, cast, idealTensor, idealMemory: Double
  }

  func terms(_ attention: Attention<Count>, _ conditions: KernelConditions) -> Terms {
    let call = AttentionSizes(attention)
    let plan = plan(call)
    let processors = facts.streamingMultiprocessors
    let isCopied = constants.cast > 0 && attention.formats.keyValueCache.bits < attention.formats.residual.bits
    // A kernel that copies the cache to 16 bits reads the copy.
    let own = Double(attention.keyValueBytes)
    let cache = isCopied ? Double(attention.residualBytes(of: attention.shape.cachedKeys)) : own
    let hit = conditions.cache == .warm ? facts.hit(cache, residentShare: constants.residency) : 0
    let memory =
      facts.microseconds(cache, hit: hit, dram: constants.bandwidth, l2: constants.l2Bandwidth)
      + ((plan.headTiles - 1) * cache + attention.latentBytes) / l2.bytesPerMicrosecond
    return Terms(
      plan: plan, memory: memory,
      serial: plan.starts * constants.cta + plan.blocks * constants.block * plan.crowding,
      combine: plan.split > 1
        ? constants.combine * (1 + plan.split / 24) + 8 * call.outputs * plan.split / l2.bytesPerMicrosecond : 0,
      query: call.batch * call.heads * constants.query / (16 * processors),
      cast: isCopied
        ? Double(attention.shape.cachedKeys) * constants.cast / (processors * facts.clock * 1e-6) : 0,
      idealTensor: Double(attention.product) / facts.flopsPerMicrosecond,
      idealMemory: (own + attention.latentBytes) / facts.bytesPerMicrosecond)
  }

  func time(_ terms: Terms) -> Double {
    let main =
      cut.design == .tritonParts
      ? terms.memory + terms.serial : PartialOverlap.fifth(terms.memory, terms.serial)
    return constants.fixed + main + terms.combine + terms.query + terms.cast
  }
}

extension LatentDecodeTimeModel: KernelTimeModel {
  package static let kind = KernelKind.mla
  package static let phase: Phase? = .decode

  package init?(
    _ facts: DeviceFacts, _ constants: LatentDecodeConstants, _ cut: LatentDecodeCut, generation: GPUGeneration
  ) {
    guard let l2 = generation.l2 else { return nil }
    self.facts = facts
    self.constants = constants
    self.cut = cut
    self.l2 = l2
  }

  /// - Returns: nil for attention over several new tokens, and for keys of every head.
  package static func work(_ value: Operator<Count>) -> Attention<Count>? {
    guard case .attention(let attention) = value, attention.latentForm == .absorbed, attention.isDecodeStep else {
      return nil
    }
    return attention
  }

  package static func subject(_ attention: Attention<Count>) -> KernelSubject {
    attention.latentSubject(.decode, .absorbed)
  }

  package func timing(_ attention: Attention<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(attention, conditions)
    return KernelTiming(
      microseconds: time(terms),
      exposed: constants.fixed + terms.combine + terms.query + terms.plan.starts * constants.cta)
  }

  package func choices(
    _ attention: Attention<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] {
    let plan = terms(attention, conditions).plan
    func rounded(_ x: Double) -> String { x.magnitude < 1e12 ? "\((x * 100).rounded() / 100)" : "\(x)" }
    return [
      ("head tiles", rounded(plan.headTiles)), ("split of the keys", rounded(plan.split)),
      ("starts one after another", rounded(plan.starts)),
      ("blocks of keys one after another", rounded(plan.blocks)),
    ]
  }

  package func parts(_ attention: Attention<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(attention, conditions)
    let roof = max(terms.idealTensor, terms.idealMemory)
    let fixed = constants.fixed + terms.query
    let fetched = max(terms.idealTensor, terms.memory)
    return TimePart.differences([
      (.roof, roof),
      (.fixed, roof + fixed),
      (.dram, fetched + fixed),
      (.split, fetched + fixed + terms.combine),
      (.quantization, fetched + fixed + terms.combine + terms.cast),
      (.latency, time(terms)),
    ])
  }

  /// The L2 rate stays where the DRAM is another: it is stated as a multiple of the DRAM's.
  package static func constants(
    _ constants: LatentDecodeConstants, ofDRAM ratio: Double
  ) -> LatentDecodeConstants {
    var constants = constants
    constants.l2Bandwidth *= ratio
    return constants
  }

  package static func place(_ attention: Attention<Count>) -> KernelPlace { attention.latentPlace(.decode) }

  package static func regimes(_ attention: Attention<Count>) -> [String] { [] }
}
