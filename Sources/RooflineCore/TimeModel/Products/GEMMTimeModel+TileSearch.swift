extension GEMMTimeModel {
  /// Mirrored tiles often tie; within rounding, the one that the list names first is taken.
  static let tie = 1 - 1e-12

  /// Candidates that take this much longer than one that has been looked at are left out. What remains is the same as if all of them
  /// were tried in their order: a candidate is the new best where it is faster by more than `tie`, so two searches can differ only
  /// while they hold candidates within `tie` of each other. The thousand or so of a shape are too few to fill the room between a
  /// candidate's time and this slack with steps of `tie`: somewhere in it is a gap, and the first candidate below the gap becomes the
  /// best of both searches.
  static let slack = 1 + 1e-6

  /// A tile for a shape.
  struct Candidate {
    /// Of the tile, in the list.
    let place: Int
    /// Tiles that cover the result.
    let grid: Double
    /// A wave's fill and epilogue, µs.
    let wave: Double
    /// What the cube of the overlapped part is at least, however K is split.
    let leastCubes: Double
  }

  /// How K is split.
  struct Split {
    let parts, kPerCTA, reduction: Double
  }

  /// nil where a part of K would have no work.
  @inline(__always)
  private func split(_ shape: Problem, _ wanted: Double) -> Split? {
    let kPerCTA = (shape.k / wanted / list.depth).ceiling * list.depth
    let parts = (shape.k / kPerCTA).ceiling
    return parts >= wanted ? Split(parts: parts, kPerCTA: kPerCTA, reduction: reduction(parts, shape)) : nil
  }

  /// What candidates of one shape share.
  struct Search {
    let shape: Problem
    let common: Common
    let perSM, tail, dramCubed: Double

    /// Waves, and what the tensor cores, L2 and both with DRAM take, µs and µs³.
    @inline(__always)
    func overlapped(
      _ candidate: Candidate, _ tile: Tile, _ split: Split
    ) -> (waves: Double, tensor: Double, l2: Double, cubes: Double) {
      let ctas = candidate.grid * split.parts
      let perProcessor = ctas * perSM
      let waves = max(1, perProcessor + tail * (perProcessor.ceiling - perProcessor))
      let tensor = waves * tile.tensorPerK * split.kPerCTA * common.perRate
      let compute = tensor + (waves - 1) * candidate.wave
      let l2 = ctas * tile.l2PerK * split.kPerCTA * shape.inputBytes
      return (waves, tensor, l2, compute * compute * compute + l2 * l2 * l2 + dramCubed)
    }
  }

  /// The fastest tile and split.
  ///
  /// However K is split, a tile's CTAs do all the work and fetch all the bytes once, and one CTA works through the least part of K: no
  /// candidate of the tile is faster than these. The tile that promises most is tried with every split; the tiles that cannot come
  /// near its time are left out, and the others are tried in their order, as is proven at `slack`. They are compared by the cubes of
  /// their overlapped part: only a new best costs a cube root. The reduction of a split's partial sums only grows with the split.
  package func fastest(_ shape: Problem) -> Choice {
    let common = common(shape)
    let search = Search(
      shape: shape, common: common, perSM: 1 / facts.streamingMultiprocessors, tail: list.tail,
      dramCubed: common.dram * common.dram * common.dram)
    return withUnsafeTemporaryAllocation(of: Candidate.self, capacity: tiles.count) { candidates in
      let (promising, leastOverlapped) = self.candidates(search, into: candidates)
      let limit = leastTime(search, promising) * GEMMTimeModel.slack
      var kept = 0
      for candidate in candidates {
        let room = limit - (constants.launch + candidate.wave)
        guard room > 0, candidate.leastCubes < room * room * room else { continue }
        candidates[kept] = candidate
        kept += 1
      }
      return fastest(
        search, UnsafeBufferPointer(rebasing: candidates[..<kept]), leastOverlapped: leastOverlapped, limit: limit)
    }
  }

  /// Every tile, in the list's order.
  ///
  /// - Returns: the one that promises most, and what the overlapped part of any takes at least, µs.
  @inline(__always)
  private func candidates(
    _ search: Search, into candidates: UnsafeMutableBufferPointer<Candidate>
  ) -> (promising: Candidate, leastOverlapped: Double) {
    let shape = search.shape
    let (evenK, leastK) = (
      shape.k * search.perSM * search.common.perRate, shape.k / TileList.mostSplit * search.common.perRate
    )
    let l2K = shape.k * shape.inputBytes
    var least = Double.infinity
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * sides.count) { counts in
      for place in sides.indices {
        counts[2 * place] = (shape.m / sides[place]).ceiling
        counts[2 * place + 1] = (shape.n / sides[place]).ceiling
      }
      for place in tiles.indices {
        let tile = tiles[place]
        let grid = counts[2 * tile.mPlace] * counts[2 * tile.nPlace + 1]
        let compute = tile.tensorPerK * max(grid * evenK, leastK)
        let l2 = grid * tile.l2PerK * l2K
        let cubes = compute * compute * compute + l2 * l2 * l2 + search.dramCubed
        least = min(least, cubes)
        candidates.initializeElement(
          at: place,
          to: Candidate(
            place: place, grid: grid, wave: tile.fill + tile.epiloguePerByte * shape.outputBytes, leastCubes: cubes))
      }
    }
    // Near the least cube its root grows as fast as the cube over three times the root's square.
    let root = Mathematics.cubeRoot(least)
    let slope = 1 / (3 * root * root)
    var promising = (place: 0, time: Double.infinity)
    for place in candidates.indices {
      let time = candidates[place].wave + slope * candidates[place].leastCubes
      if time < promising.time { promising = (place, time) }
    }
    return (candidates[promising.place], root)
  }

  /// A tile's time with the split that is best for it.
  @inline(__always)
  private func leastTime(_ search: Search, _ candidate: Candidate) -> Double {
    let tile = tiles[candidate.place]
    var least = Double.infinity
    for wanted in TileList.splits {
      guard let split = split(search.shape, wanted) else { continue }
      let exposed = constants.launch + candidate.wave + split.reduction
      guard exposed + search.common.dram < least else { break }
      let room = least - exposed
      let cubes = search.overlapped(candidate, tile, split).cubes
      if cubes < room * room * room { least = exposed + Mathematics.cubeRoot(cubes) }
    }
    return least
  }

  /// Of these tiles, with every split, in their order.
  ///
  /// Bounds are sums and products of the same kind as times, and equal to them within a few roundings, far less than `tie`.
  ///
  /// - Parameters:
  ///   - leastOverlapped: what any tile's overlapped part takes, µs.
  ///   - limit: a time within which the fastest is, µs.
  @inline(__always)
  private func fastest(
    _ search: Search, _ candidates: UnsafeBufferPointer<Candidate>, leastOverlapped: Double, limit: Double
  ) -> Choice {
    let dram = search.common.dram
    var best = Choice(
      time: limit, tileM: 0, tileN: 0, split: 0, waves: 0, tensor: 0, l2: 0, dram: dram, splitK: 0, wave: 0,
      quantization: search.common.quantization)
    let leastTime = constants.launch + constants.waveFill + leastOverlapped
    for wanted in TileList.splits {
      guard let split = split(search.shape, wanted) else { continue }
      if (leastTime + split.reduction) * GEMMTimeModel.tie >= best.time { break }
      for candidate in candidates {
        let exposed = constants.launch + candidate.wave + split.reduction
        let room = best.time - exposed
        let roomCubed = room * room * room
        guard room > dram, candidate.leastCubes < roomCubed else { continue }
        let tile = tiles[candidate.place]
        let (waves, tensor, l2, cubes) = search.overlapped(candidate, tile, split)
        guard cubes < roomCubed * GEMMTimeModel.tie else { continue }
        best.time = exposed + Mathematics.cubeRoot(cubes)
        best.tileM = tile.m
        best.tileN = tile.n
        best.split = split.parts
        best.waves = waves
        best.tensor = tensor
        best.l2 = l2
        best.splitK = split.reduction
        best.wave = candidate.wave
      }
    }
    best.time += search.common.quantization
    return best
  }
}
