import RooflineCore

/// The time of attention to one shared row of each key: those that an indexer chose, or a window and compressed entries.
///
/// Source: TimeModels.md, "Sparse attention".
package struct SparseAttentionTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: SparseAttentionConstants
  /// Heads of a tile: those of fewer are padded.
  let headsPerTile: Double

  static let keysPerBlock = 64.0

  /// Tiles and blocks of keys that the busiest SM does one after another, and whether a query's keys are split.
  struct Plan {
    var starts, blocks: Double
    var isSplit = false
  }

  func plan(_ attention: Attention<Count>) -> Plan {
    let shape = attention.shape
    let (batch, query, heads) = (Double(shape.batch), Double(shape.queryTokens), Double(shape.heads))
    let processors = facts.streamingMultiprocessors
    let tiles = (heads / headsPerTile).ceiling
    let blocks = blocks(attention)
    let starts = (batch * query * tiles / processors).ceiling
    guard attention.sparseForm == .compressed, attention.isDecodeStep else {
      return Plan(starts: starts, blocks: starts * blocks)
    }
    // Split as FlashMLA splits a decode step.
    let parts = max(1, (processors / tiles).rounded(.down))
    let start = LatentDecodeTimeModel.startBlocks
    let payload = (batch * (blocks + start) / parts).ceiling + start
    let whole = (payload / (blocks + start)).rounded(.down)
    return whole > 0
      ? Plan(starts: whole, blocks: whole * blocks) : Plan(starts: 1, blocks: payload - start, isSplit: true)
  }

  /// Blocks of keys that a query walks over: the chosen keys, all of them even where there are fewer; or its window and its entries,
  /// each in blocks of their own.
  private func blocks(_ attention: Attention<Count>) -> Double {
    func blocks(_ keys: Double) -> Double { (keys / SparseAttentionTimeModel.keysPerBlock).ceiling }
    let context = Double(attention.shape.attendedKeys)
    switch attention.mask {
    case .selected(let kept): return blocks(Double(kept))
    case .slidingWindow(let window): return blocks(min(context, Double(window)))
    case .compressed(let window, let tokensPerEntry, let kept, _):
      let query = attention.shape.queryTokens
      let entries =
        Double(
          Attention.entryPairs(query, attention.shape.attendedKeys, tokensPerEntry, kept: kept))
        / max(1, Double(query))
      return blocks(min(context, Double(window))) + blocks(entries)
    case .full, .causal, .blocks, .chunked: return .nan
    }
  }

  /// What a call's time consists of, µs.
  struct Terms {
    var plan: Plan
    var walking, memory, sequences, combine, idealTensor, idealMemory: Double
  }

  func terms(_ attention: Attention<Count>) -> Terms {
    let plan = plan(attention)
    var bytes = 0.0
    attention.forEachOperand { if $0.traffic != .loadWeight { bytes += Double($0.bytes) } }
    let ideal = bytes / facts.bytesPerMicrosecond
    return Terms(
      plan: plan, walking: plan.starts * constants.start + plan.blocks * constants.block,
      memory: ideal / constants.bandwidth, sequences: Double(attention.shape.batch) * constants.sequence,
      combine: plan.isSplit ? constants.combine : 0,
      idealTensor: Double(attention.product) / facts.flopsPerMicrosecond, idealMemory: ideal)
  }

  func time(_ terms: Terms) -> Double {
    let larger = max(terms.walking, terms.memory)
    let ratio = min(terms.walking, terms.memory) / larger
    return constants.fixed + terms.sequences + terms.combine
      + larger * Mathematics.cubeRoot(1 + ratio * ratio * ratio)
  }
}

extension Attention where Scalar == Count {
  /// Which keys it attends to, of rows that all heads share; nil for other attention.
  var sparseForm: KernelForm? {
    guard valuesAreKeys, !capsScores, !keepsProbabilities, shape.keyValueHeads == 1 else { return nil }
    switch mask {
    case .selected: return hasSinks ? nil : .selected
    case .compressed, .slidingWindow: return .compressed
    case .full, .causal, .blocks, .chunked: return nil
    }
  }
}

extension SparseAttentionTimeModel: KernelTimeModel {
  package static let kind = KernelKind.sparseAttention

  package init(
    _ facts: DeviceFacts, _ constants: SparseAttentionConstants, _ cut: WholeKernel, generation: GPUGeneration
  ) {
    self.facts = facts
    self.constants = constants
    headsPerTile = generation.sparseHeadsPerTile
  }

  package static func work(_ value: Operator<Count>) -> Attention<Count>? {
    guard case .attention(let attention) = value, attention.sparseForm != nil else { return nil }
    return attention
  }

  package static func subject(_ attention: Attention<Count>) -> KernelSubject {
    let form = attention.sparseForm
    let phase: Phase? = form == .compressed ? attention.isDecodeStep ? .decode : .prefill : nil
    // Measured with one format of the cache each, which speaks for the others: kernels multiply in 16 bits whatever they read.
    return KernelSubject(.sparseAttention, phase: phase, dtype: attention.queryDType, form: form)
  }

  package func timing(_ attention: Attention<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(attention)
    return KernelTiming(
      microseconds: time(terms),
      exposed: constants.fixed + terms.sequences + terms.combine + terms.plan.starts * constants.start)
  }

  package func choices(
    _ attention: Attention<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] {
    let plan = plan(attention)
    func whole(_ x: Double) -> String { x.magnitude < 1e15 ? "\(Int(x))" : "\(x)" }
    return [
      ("split of the keys", plan.isSplit ? "yes" : "no"), ("starts one after another", whole(plan.starts)),
      ("blocks of keys", whole(plan.blocks)),
    ]
  }

  package func parts(_ attention: Attention<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(attention)
    let roof = max(terms.idealTensor, terms.idealMemory)
    let fixed = constants.fixed + terms.sequences
    return TimePart.differences([
      (.roof, roof),
      (.fixed, roof + fixed),
      (.dram, max(terms.idealTensor, terms.memory) + fixed),
      (.split, max(terms.idealTensor, terms.memory) + fixed + terms.combine),
      (.latency, time(terms)),
    ])
  }

  package static func place(_ attention: Attention<Count>) -> KernelPlace {
    let sizes = AttentionSizes(attention)
    let visible = Double(attention.visibleKeys)
    return KernelPlace(
      "sparse attention",
      sizes: [
        ("batch", sizes.batch), ("query", sizes.query), ("context", sizes.context), ("heads", sizes.heads),
        ("qk_dim", sizes.headDim), ("v_dim", sizes.valueDim),
      ], order: [sizes.heads, sizes.headDim, sizes.context, sizes.query, sizes.batch, visible],
      point: [
        KernelPlace.log(sizes.batch), KernelPlace.log(sizes.query), KernelPlace.log(sizes.context),
        KernelPlace.log(sizes.heads),
      ], group: [sizes.query, sizes.context])
  }

  package static func regimes(_ attention: Attention<Count>) -> [String] {
    [attention.sparseForm.map(\.rawValue) ?? ""]
  }
}

extension GPUGeneration {
  /// Heads of one tile of sparse attention: from Blackwell on its kernels pad to 128.
  var sparseHeadsPerTile: Double { (capability?.major ?? 0) >= 10 ? 128 : 64 }
}
