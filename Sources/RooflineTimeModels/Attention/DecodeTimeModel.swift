import RooflineCore

/// The time of split-KV attention in a decode step.
///
/// Source: TimeModels.md, "Attention in a decode step".
package struct DecodeTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: DecodeConstants
  package let cut: DecodeCut

  package init(_ facts: DeviceFacts, _ constants: DecodeConstants, _ cut: DecodeCut) {
    self.facts = facts
    self.constants = constants
    self.cut = cut
  }

  /// Work items, the blocks of keys of each, and into how many parts they are split.
  struct Plan {
    var items, blocks: Double
    /// Parts, blocks of a part, parts that have keys, and whether a second kernel adds partial results up.
    var split, blocksPerPart, active: Double
    var combines: Bool
  }

  func plan(_ call: AttentionSizes, keys: Double) -> Plan {
    let processors = facts.streamingMultiprocessors
    let perSequence =
      cut.itemPerQueryHead
      ? call.heads : call.keyValueHeads * (call.group / DecodeConstants.headsPerItem).ceiling
    let items = call.batch * perSequence
    let blocks = (keys / cut.keysPerBlock).ceiling
    let seen = cut.plansWholeContext ? call.context : keys
    let planned = (seen / cut.keysPerBlock).ceiling
    let slots = cut.slotsPerSM * processors
    var split = 1.0
    var mostSplit: Double?
    switch cut.rule {
    case .none: break
    case .efficient:
      split =
        planned <= cut.leastBlocks ? 1 : SplitRules.efficient(items: items, blocks: planned, slots: slots)
    case .dynamic:
      let most =
        planned <= cut.leastBlocks
        ? 1 : SplitRules.efficient(items: perSequence, blocks: planned, slots: processors)
      split = min(max(1, (planned / (1.1 * items * planned / processors).ceiling).ceiling), most)
      mostSplit = most
    case .waves:
      let whole = max(1, (seen / cut.keysPerBlock).rounded(.down))
      split = (whole / max(1, (items * whole / processors / 8).ceiling)).ceiling
    case .fill: split = min(max(1, (slots / items).ceiling), max(1, planned))
    case .chunk:
      let chunk =
        items >= slots
        ? planned
        : SplitRules.smallestChunk(from: 1, to: planned) { items * (planned / $0).ceiling <= slots }
      split = (planned / chunk).ceiling
    }
    let full = (planned / split).ceiling
    return Plan(
      items: items, blocks: blocks, split: split, blocksPerPart: min(full, blocks),
      active: min(split, (blocks / full).ceiling), combines: (mostSplit ?? split) > 1)
  }

  /// Everything that a call's time consists of, µs.
  struct Terms {
    var plan: Plan
    var ctas, combine, memory, idealMemory, serial: Double
  }

  func terms(_ attention: Attention<Count>, _ conditions: KernelConditions) -> Terms {
    let call = AttentionSizes(attention)
    let window = cut.ignoresWindow ? 0 : call.window
    let keys = window > 0 ? min(call.context, window) : call.context
    let plan = plan(call, keys: keys)
    let perSM =
      plan.items * (plan.active + cut.emptyShare * (plan.split - plan.active)) / facts.streamingMultiprocessors
    let cache = Double((cut.ignoresWindow ? attention.unwindowed : attention).keyValueBytes)
    let queries = call.ownBytes
    let hit = conditions.cache == .warm ? min(1, max(0, 2 - cache / (constants.residency * facts.l2))) : 0
    let rate = facts.bytesPerMicrosecond
    let further = max(1, perSM) - 1
    let share =
      constants.leastBlockShare + (1 - constants.leastBlockShare) * min(1, keys / cut.keysPerBlock)
    let swap = cut.swaps && call.group > 1 && call.keyValueHeads > 1 ? constants.swap : 0
    return Terms(
      plan: plan, ctas: (1 + (1 - constants.hiddenStart) * further) * constants.cta + swap,
      combine: plan.combines ? constants.combine + constants.combinePerSplit * plan.split : 0,
      memory: cache / rate * ((1 - hit) / constants.bandwidth + hit / constants.l2Bandwidth)
        + constants.queryShare * queries / (constants.bandwidth * rate),
      idealMemory: (cache + queries) / rate,
      serial: perSM.ceiling * plan.blocksPerPart * share * constants.block
        + constants.hiddenStart * further * constants.cta)
  }

  func overlapped(_ memory: Double, _ serial: Double) -> Double {
    Mathematics.cubeRoot(memory * memory * memory + serial * serial * serial)
  }
}
