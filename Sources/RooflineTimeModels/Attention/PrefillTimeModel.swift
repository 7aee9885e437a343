import RooflineCore

/// The time of fused attention over a prompt: tiles of query rows walk over the blocks of keys that they see.
///
/// Source: TimeModels.md, "Attention over a prompt".
package struct PrefillTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: PrefillConstants
  package let cut: PrefillCut
  /// Special functions of an SM in a clock.
  let specialFunctions: Double

  /// - Parameter generation: that of the GPU, which says how many exponentials an SM computes in a clock.
  package init(_ facts: DeviceFacts, _ constants: PrefillConstants, _ cut: PrefillCut, generation: GPUGeneration) {
    self.facts = facts
    self.constants = constants
    self.cut = cut
    specialFunctions = generation.specialFunctions
  }

  /// How a call falls into tiles and blocks of keys.
  package struct Grid {
    /// Rows of a tile, and query heads packed in it.
    var rows, packed: Double
    /// Tiles a list of queries, tiles of all lists, blocks of keys over all tiles and in the longest.
    package var tilesPerList, tiles, blocks, longest: Double
    /// Parts into which the keys are split, blocks of the longest part, CTAs of one SM that share it; 1 part: not split.
    var split = 1.0, longestPart: Double, sharing = 1.0
    var isSplit = false
  }

  package func grid(_ call: AttentionSizes) -> Grid {
    let window = cut.ignoresWindow ? 0 : call.window
    let packs = cut.packsGroup || (cut.packsSingleQuery && call.query == 1 && window == 0)
    let packed = packs ? call.group : 1
    var tileRows = cut.queryRows
    if cut.split == .flashinfer {
      let rows = call.query * call.group
      tileRows = rows > 64 && call.headDim < 256 ? 128 : rows > 16 ? 64 : 16
    }
    let perList = (call.query * packed / tileRows).ceiling
    let lists = call.heads / packed
    let (blocks, longest) = blocks(call, window: window, perList: perList, rows: tileRows, packed: packed)
    var grid = Grid(
      rows: tileRows, packed: packed, tilesPerList: perList, tiles: call.batch * lists * perList,
      blocks: call.batch * lists * blocks, longest: longest, longestPart: longest)
    split(&grid, call, window: window, lists: lists)
    return grid
  }

  /// Blocks of keys over the tiles of one list, and in the longest tile.
  private func blocks(
    _ call: AttentionSizes, window: Double, perList: Double, rows: Double, packed: Double
  ) -> (sum: Double, longest: Double) {
    // Tile i covers the queries up to (i+1)·rows/packed, after the keys that were there before.
    let earlier = call.context - call.query
    // In whole numbers, rows of packed heads: a tile's share of the queries need not be one.
    let keys = packed * cut.keys
    func end(_ tile: Double) -> Double {
      ((packed * earlier + min((tile + 1) * rows, packed * call.query)) / keys).ceiling
    }
    func start(_ tile: Double) -> Double {
      window == 0 ? 0 : (max(0, packed * (earlier - window) + tile * rows) / keys).rounded(.down)
    }
    func own(_ tile: Double) -> Double { end(tile) - start(tile) }
    if perList <= 4096 {
      var (sum, longest) = (0.0, 0.0)
      var tile = 0.0
      while tile < perList {
        let count = own(tile)
        sum += count
        longest = max(longest, count)
        tile += 1
      }
      return (sum, longest)
    }
    // The same sums in closed form, since a loop would take as long as the prompt. The last tile ends at the last query.
    guard perList < 1e9, packed * (call.context + window) < 1e12, rows < 1e6, keys < 1e15 else {
      return (.nan, .nan)
    }
    let (m, n) = (Int(rows), Int(keys))
    let shift = Int(packed * earlier)
    var sum = FloorSum.sum(Int(perList) - 1, n, m, m + shift + n - 1) + end(perList - 1)
    if window > 0 {
      // Tiles before this one start at key 0.
      let skipped = Int(min(perList, (max(0, packed * (window - earlier)) / rows).ceiling))
      sum -= FloorSum.sum(Int(perList) - skipped, n, m, max(0, shift + skipped * m - Int(packed * window)))
    }
    // Tiles grow until the window is full; from then on they are as long as their place in the blocks makes them.
    let full = min(perList - 1, (max(0, packed * (window - earlier)) / rows).ceiling)
    var longest = max(own(perList - 1), own(perList - 2))
    var tile = full
    while tile < min(perList, full + 4096) {
      longest = max(longest, own(tile))
      tile += 1
    }
    return (sum, longest)
  }

  private func split(_ grid: inout Grid, _ call: AttentionSizes, window: Double, lists: Double) {
    let processors = facts.streamingMultiprocessors
    switch cut.split {
    case .none: break
    case .fa3:
      let single = lists * grid.tilesPerList
      let seen = window > 0 ? min(call.context, window + grid.rows) : call.context
      let blocks = (seen / cut.splitKeys).ceiling
      guard single < 0.8 * processors, blocks > 4 else { return }
      let most = SplitRules.efficient(items: single, blocks: blocks, slots: processors)
      let perSM = (1.1 * grid.tiles * blocks / processors).ceiling
      grid.split = min(max(1, (blocks / perSM).ceiling), most)
      grid.longestPart = (grid.longest / grid.split).ceiling
      grid.isSplit = true
    case .flashinfer:
      let most = (2 * processors / call.keyValueHeads).rounded(.down)
      let chunk = min(
        call.context,
        SplitRules.smallestChunk(from: 128, to: max(128, call.context)) { chunk in
          call.batch * grid.tilesPerList * (call.context / chunk).ceiling <= most
        })
      grid.split = (call.context / chunk).ceiling
      guard grid.split > 1 else { return }
      grid.isSplit = true
      grid.longestPart = min(grid.longest, (chunk / cut.keys).ceiling)
      grid.sharing = min(2, max(1, (grid.tiles * grid.split / processors).ceiling))
    }
  }

  package func terms(_ attention: Attention<Count>) -> PromptTerms {
    let call = AttentionSizes(attention)
    let grid = grid(call)
    let peak = facts.flopsPerMicrosecond * (call.queryBytes == 1 ? 2 : 1)
    let processors = facts.streamingMultiprocessors
    let exponentials = PromptTerms.exponentials(
      rows: grid.rows, keys: cut.keys, specialFunctions: specialFunctions, facts)
    let block = 4 * grid.rows * cut.keys * call.headDim / (constants.tensor * peak / processors) + exponentials
    let total = grid.tiles * constants.tile + grid.blocks * block
    let even = total / processors
    let stretch = grid.isSplit ? max(constants.lonelyTile, grid.sharing) : constants.lonelyTile
    let longest = constants.tile + grid.longestPart * stretch * block
    let compute: Double
    if grid.isSplit {
      let hasTail = cut.split == .fa3 && grid.tiles > processors
      compute = max(longest, even + (hasTail ? constants.tail * total / grid.tiles / grid.split : 0))
    } else {
      compute = PromptTerms.compute(longest: longest, total: total, tiles: grid.tiles, tail: constants.tail, facts)
    }

    // Keys and values are written and read, by the kernel that caches them and by this one.
    var bytes = call.ownBytes + 2 * Double(attention.cachedBytes)
    let idealMemory = bytes / facts.bytesPerMicrosecond
    if grid.isSplit { bytes += 8 * constants.partials * call.elements * grid.split }
    // Keys of a prompt have just been written by the kernel before.
    let hit = min(1, max(0, 2 - bytes / (constants.residency * facts.l2)))
    let memory =
      bytes / (constants.bandwidth * facts.bytesPerMicrosecond) * ((1 - hit) + hit / constants.l2Speedup)

    let ideal = Double((cut.ignoresWindow ? attention.unwindowed : attention).product) / peak
    let width = cut.writesByWidth ? min(call.keyValueHeads * call.headDim, 512) / 128 : 1
    var extra = call.batch * call.query * constants.token / (16 * processors) * width
    if grid.isSplit { extra += constants.combine }
    if cut.swapsSingleQuery, call.query == 1, call.group > 1, call.keyValueHeads > 1, call.window == 0 {
      extra += constants.swap
    }
    return PromptTerms(
      tiles: grid.tiles, blocks: grid.blocks, tile: constants.tile, block: block, exponentials: exponentials,
      even: even, compute: compute, memory: memory, idealMemory: idealMemory, extra: extra,
      sag: PromptTerms.sag(constants.sag, ideal: ideal, tensor: constants.tensor), idealTensor: ideal)
  }

  func overlapped(_ compute: Double, _ memory: Double) -> Double {
    guard constants.overlap != 1 else { return compute + memory }
    let sum =
      Mathematics.power(compute, constants.overlap) + Mathematics.power(memory, constants.overlap)
    return Mathematics.power(sum, 1 / constants.overlap)
  }
}
