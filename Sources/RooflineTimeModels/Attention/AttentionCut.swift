/// How a library's fused attention cuts a prompt into tiles: facts of its source code, not fitted.
package struct PrefillCut: KernelCut {
  /// Who decides into how many parts the keys of a tile are split where there are too few tiles for the GPU.
  package enum Split: String, Hashable, Sendable, CaseIterable {
    case none
    /// FlashAttention-3 with variable lengths: as many as fill the SMs evenly, planned as if there were one sequence.
    case fa3
    /// FlashInfer: the largest number that fits two waves, 128 keys or more each; its tile's height follows the prompt, too.
    case flashinfer
  }

  /// What a side of a tile may be in a file.
  static let sides = 1.0...65536.0

  /// A tile: rows of queries by keys.
  package var queryRows, keys: Double
  /// Keys by which the split counts blocks, where they differ from the tile's.
  package var splitKeys: Double
  /// Whether the query heads of a group are rows of one tile: always, or with a single query.
  package var packsGroup, packsSingleQuery: Bool
  package var split: Split
  /// Whether writing new keys costs by the width of all KV heads, and not by the token.
  package var writesByWidth: Bool
  /// Whether a single query of grouped heads is transposed first.
  package var swapsSingleQuery: Bool
  /// Whether blocks of keys outside the window are walked over all the same.
  package var ignoresWindow: Bool

  package init(
    queryRows: Double, keys: Double, splitKeys: Double? = nil, packsGroup: Bool, packsSingleQuery: Bool = false,
    split: Split = .none, writesByWidth: Bool = false, swapsSingleQuery: Bool = false, ignoresWindow: Bool = false
  ) {
    self.queryRows = queryRows
    self.keys = keys
    self.splitKeys = splitKeys ?? keys
    self.packsGroup = packsGroup
    self.packsSingleQuery = packsSingleQuery
    self.split = split
    self.writesByWidth = writesByWidth
    self.swapsSingleQuery = swapsSingleQuery
    self.ignoresWindow = ignoresWindow
  }
}

/// How a library's attention shares a decode step's keys among CTAs: facts of its source code, not fitted.
package struct DecodeCut: KernelCut {
  /// Who decides into how many parts the keys of a work item are split.
  package enum Rule: String, Hashable, Sendable, CaseIterable {
    case none
    /// FlashAttention: the smallest number whose waves are at least 85 % as full as the best one's.
    case efficient
    /// FlashAttention-3 with variable lengths: as many as fill the SMs evenly, at most what the above says for one sequence.
    case dynamic
    /// TensorRT-LLM XQA: a CTA a block, at most 8 waves.
    case waves
    /// TensorRT-LLM masked attention: as many as fill the SMs.
    case fill
    /// FlashInfer: the smallest chunk whose parts all fit at once.
    case chunk
  }

  /// What a file may say of keys and blocks, of CTAs an SM, and of what an empty CTA costs.
  static let blocks = 1.0...65536.0
  static let slots = 1.0...64.0
  static let shares = 0.0...1.0

  package var rule: Rule
  /// Keys that a CTA takes at a time.
  package var keysPerBlock: Double
  /// CTAs an SM that the rule plans for.
  package var slotsPerSM: Double
  /// Up to so many blocks nothing is split.
  package var leastBlocks: Double
  /// Whether each query head is a work item, and not each KV head.
  package var itemPerQueryHead: Bool
  /// Whether the rule sees the whole context where a window hides most of it.
  package var plansWholeContext: Bool
  /// Whether keys outside the window are read all the same.
  package var ignoresWindow: Bool
  /// Whether grouped heads are transposed first.
  package var swaps: Bool
  /// What a CTA without keys costs, as a share of one with.
  package var emptyShare: Double

  package init(
    rule: Rule, keysPerBlock: Double = 128, slotsPerSM: Double = 1, leastBlocks: Double = 1,
    itemPerQueryHead: Bool = false, plansWholeContext: Bool = false, ignoresWindow: Bool = false, swaps: Bool = false,
    emptyShare: Double = 1
  ) {
    self.rule = rule
    self.keysPerBlock = keysPerBlock
    self.slotsPerSM = slotsPerSM
    self.leastBlocks = leastBlocks
    self.itemPerQueryHead = itemPerQueryHead
    self.plansWholeContext = plansWholeContext
    self.ignoresWindow = ignoresWindow
    self.swaps = swaps
    self.emptyShare = emptyShare
  }
}

extension PrefillCut {
  /// FlashAttention-3 and FlashInfer pack a group, FlashAttention-2 and TensorRT-LLM do not.
  package static func standard(_ key: KernelKey) -> PrefillCut {
    switch key.family.attention {
    case .flashAttention2: return PrefillCut(queryRows: 64, keys: 64, packsGroup: false, packsSingleQuery: true)
    case .tensorRTLLM: return PrefillCut(queryRows: 128, keys: 32, packsGroup: false)
    case .flashInfer:
      return PrefillCut(queryRows: 128, keys: 32, packsGroup: true, split: .flashinfer, ignoresWindow: true)
    case .flashAttention3:
      let headDim = key.headDim ?? 128
      return PrefillCut(
        queryRows: headDim <= 64 ? 192 : 128, keys: headDim <= 128 ? 128 : 80, packsGroup: true, split: .fa3)
    }
  }
}

extension DecodeCut {
  package static func standard(_ key: KernelKey) -> DecodeCut {
    let isGrouped = key.variant != .ungrouped
    switch key.family.attention {
    case .flashAttention2:
      return DecodeCut(rule: isGrouped ? .efficient : .none, slotsPerSM: 2, itemPerQueryHead: !isGrouped)
    case .flashAttention3, .flashInfer, .tensorRTLLM: return DecodeCut(rule: .efficient)
    }
  }
}
