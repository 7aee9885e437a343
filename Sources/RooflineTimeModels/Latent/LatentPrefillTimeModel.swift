import RooflineCore

/// The time of latent attention over a prompt: tiles of query rows walk over the blocks of keys that they see, naive or absorbed.
///
/// Source: TimeModels.md, "Latent attention".
package struct LatentPrefillTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: LatentPrefillConstants
  package let cut: LatentPrefillCut
  /// Special functions of an SM in a clock.
  let specialFunctions: Double
  /// Share of L2 in which what the kernel before wrote stays.
  let residency: Double

  /// How a call falls into tiles and blocks of keys.
  struct Grid {
    /// Tiles and blocks of keys of all lists of queries, and blocks of the longest tile.
    var tiles, blocks, longest: Double
  }

  func grid(_ call: AttentionSizes) -> Grid {
    let packed = cut.packsHeads ? call.heads / call.keyValueHeads : 1
    let rows = call.query * packed
    let perList = (rows / cut.queryRows).ceiling
    let lists = call.batch * call.heads / packed
    let earlier = packed * (call.context - call.query)
    let keys = packed * cut.keys
    // The sum is taken in whole numbers, which must not run over.
    guard perList < 1e9, earlier + rows < 1e15, keys < 1e12 else {
      return Grid(tiles: .nan, blocks: .nan, longest: .nan)
    }
    let longest = ((earlier + rows) / keys).ceiling
    // Σ over all tiles but the last of ⌈(earlier + (i + 1)·rows)/keys⌉; the last ends at the last query.
    let sum = FloorSum.sum(
      Int(perList) - 1, Int(keys), Int(cut.queryRows), Int(cut.queryRows) + Int(earlier) + Int(keys) - 1)
    return Grid(tiles: lists * perList, blocks: lists * (sum + longest), longest: longest)
  }

  func terms(_ attention: Attention<Count>) -> PromptTerms {
    let call = AttentionSizes(attention)
    let grid = grid(call)
    let processors = facts.streamingMultiprocessors
    let peak = facts.flopsPerMicrosecond
    let exponentials = PromptTerms.exponentials(
      rows: cut.queryRows, keys: cut.keys, specialFunctions: specialFunctions, facts)
    let block =
      2 * cut.queryRows * cut.keys * (call.headDim + call.valueDim) / (constants.tensor * peak / processors)
      + exponentials
    let total = grid.tiles * constants.tile + grid.blocks * block
    let longest = constants.tile + grid.longest * block
    let bytes = Double(attention.residualBytes(of: attention.shape.spreadKeyValues)) + attention.latentBytes
    let ideal = Double(attention.product) / peak
    return PromptTerms(
      tiles: grid.tiles, blocks: grid.blocks, tile: constants.tile, block: block, exponentials: exponentials,
      even: total / processors,
      compute: PromptTerms.compute(
        longest: longest, total: total, tiles: grid.tiles, tail: constants.tail, facts),
      memory: facts.microseconds(
        bytes, hit: facts.hit(bytes, residentShare: residency), dram: constants.bandwidth, l2: constants.l2Bandwidth),
      idealMemory: bytes / facts.bytesPerMicrosecond,
      extra: call.batch * call.query * constants.token / (16 * processors),
      sag: PromptTerms.sag(constants.sag, ideal: ideal, tensor: constants.tensor), idealTensor: ideal)
  }

  func time(_ terms: PromptTerms) -> Double {
    constants.fixed + terms.compute + terms.memory + terms.extra + terms.sag
  }
}

extension LatentPrefillTimeModel: KernelTimeModel {
  package static let kind = KernelKind.mla
  package static let phase: Phase? = .prefill

  package init?(
    _ facts: DeviceFacts, _ constants: LatentPrefillConstants, _ cut: LatentPrefillCut, generation: GPUGeneration
  ) {
    guard let l2 = generation.l2 else { return nil }
    self.facts = facts
    self.constants = constants
    self.cut = cut
    specialFunctions = generation.specialFunctions
    residency = l2.residentShare
  }

  /// - Returns: nil for a decode step.
  package static func work(_ value: Operator<Count>) -> Attention<Count>? {
    guard case .attention(let attention) = value, attention.latentForm != nil,
      attention.latentForm == .naive || !attention.isDecodeStep
    else { return nil }
    return attention
  }

  package static func subject(_ attention: Attention<Count>) -> KernelSubject {
    attention.latentSubject(.prefill, attention.latentForm ?? .naive)
  }

  package func timing(_ attention: Attention<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(attention)
    return KernelTiming(microseconds: time(terms), exposed: constants.fixed + terms.extra)
  }

  package func choices(
    _ attention: Attention<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] {
    let grid = grid(AttentionSizes(attention))
    func whole(_ x: Double) -> String { x.magnitude < 1e15 ? "\(Int(x))" : "\(x)" }
    return [
      ("tile", "\(whole(cut.queryRows)) × \(whole(cut.keys))"), ("tiles", whole(grid.tiles)),
      ("blocks of keys", "\(whole(grid.blocks)), \(whole(grid.longest)) in the longest tile"),
    ]
  }

  package func parts(_ attention: Attention<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(attention)
    return terms.parts(fixed: constants.fixed, time: time(terms), facts)
  }

  /// The L2 rate stays where the DRAM is another: it is stated as a multiple of the DRAM's.
  package static func constants(
    _ constants: LatentPrefillConstants, ofDRAM ratio: Double
  ) -> LatentPrefillConstants {
    var constants = constants
    constants.l2Bandwidth *= ratio
    return constants
  }

  package static func place(_ attention: Attention<Count>) -> KernelPlace { attention.latentPlace(.prefill) }

  package static func regimes(_ attention: Attention<Count>) -> [String] { [] }
}
