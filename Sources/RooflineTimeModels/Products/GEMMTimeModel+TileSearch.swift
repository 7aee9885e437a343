import RooflineCore

extension GEMMTimeModel {
  /// Mirrored tiles often tie; within rounding, the one that the list names first is taken.
  static let tie = 1 - 1e-12

  /// Candidates that take this much longer than one that has been looked at are left out. What remains is the same as if all of them
  /// were tried in their order: a candidate is the new best where it is faster by more than `tie`, so two searches can differ only
  /// while they hold candidates within `tie` of each other. The thousand or so of a shape are too few to fill the room between a
  /// candidate's time and this slack with steps of `tie`: somewhere in it is a gap, and the first candidate below the gap becomes the
  /// best of both searches.
  static let slack = 1 + 1e-6

  /// Every tile of a selection for a shape, four side by side, in the list's order.
  struct Candidates {
    let lanes: UnsafeBufferPointer<TileLanes>
    /// Tiles that cover the result.
    let grids: UnsafeMutableBufferPointer<TileLanes.Lanes>
    /// What the cube of the overlapped part is at least, however K is split.
    let leastCubes: UnsafeMutableBufferPointer<TileLanes.Lanes>
    /// The launch, and the fill and epilogue of a wave, µs.
    let exposed: UnsafeMutableBufferPointer<TileLanes.Lanes>
    let outputBytes: Double
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

    /// Of four tiles the waves, and what the tensor cores, L2 and both with DRAM take, µs and µs³.
    @inline(__always)
    func overlapped(
      _ tiles: TileLanes, _ grid: TileLanes.Lanes, _ wave: TileLanes.Lanes, _ split: Split
    ) -> (waves: TileLanes.Lanes, tensor: TileLanes.Lanes, l2: TileLanes.Lanes, cubes: TileLanes.Lanes) {
      let ctas = grid * split.parts
      let perProcessor = ctas * perSM
      let waves = TileLanes.Lanes(repeating: 1).orLarger(perProcessor + tail * (perProcessor.ceiling - perProcessor))
      let tensor = waves * tiles.tensorPerK * split.kPerCTA * common.perRate
      let compute = tensor + (waves - 1) * wave
      let l2 = ctas * tiles.l2PerK * split.kPerCTA * shape.inputBytes
      return (waves, tensor, l2, compute * compute * compute + l2 * l2 * l2 + dramCubed)
    }
  }

  /// The fastest tile and split.
  ///
  /// However K is split, a tile's CTAs do all the work and fetch all the bytes once, and one CTA works through the least part of K: no
  /// candidate of the tile is faster than these. The tile that promises most is tried with every split, and those beside it; the tiles
  /// that cannot come near their time are left out, and the others are tried in their order, as is proven at `slack`. They are
  /// compared by the cubes of their overlapped part: only a new best costs a cube root. The reduction of a split's partial sums only
  /// grows with the split.
  package func fastest(_ shape: Problem) -> Choice {
    let common = common(shape)
    let search = Search(
      shape: shape, common: common, perSM: 1 / facts.streamingMultiprocessors, tail: list.tail,
      dramCubed: common.dram * common.dram * common.dram)
    let selection = selection(shape)
    // Short lists apart, which lie on the stack.
    func withLanes(_ body: (UnsafeMutableBufferPointer<TileLanes.Lanes>) -> Choice) -> Choice {
      withUnsafeTemporaryAllocation(of: TileLanes.Lanes.self, capacity: selection.count, body)
    }
    return withLanes { grids in
      withLanes { leastCubes in
        withLanes { exposed in
          selectedLanes.withUnsafeBufferPointer { lanes in
            fastest(
              search,
              Candidates(
                lanes: UnsafeBufferPointer(rebasing: lanes[selection]), grids: grids, leastCubes: leastCubes,
                exposed: exposed, outputBytes: shape.outputBytes))
          }
        }
      }
    }
  }

  /// The tiles that can be the fastest for as many rows.
  @inline(__always)
  private func selection(_ shape: Problem) -> Range<Int> {
    var place = 0
    while place < selections.count - 1, shape.m > selections[place].rows { place += 1 }
    return selections[place].lanes
  }

  @inline(__always)
  private func fastest(_ search: Search, _ candidates: Candidates) -> Choice {
    let least = leastOverlapped(search, candidates)
    var best = Choice(
      time: .infinity, tileM: 0, tileN: 0, split: 0, waves: 0, tensor: 0, l2: 0, dram: search.common.dram, splitK: 0,
      wave: 0, quantization: search.common.quantization)
    let none = best
    let promising = promising(candidates, least)
    improve(&best, search, candidates, promising..<promising + 1, leastOverlapped: least)
    let limit = best.time * GEMMTimeModel.slack
    best = none
    best.time = limit
    improve(&best, search, candidates, candidates.lanes.indices, leastOverlapped: least)
    best.time += search.common.quantization
    return best
  }

  /// Works out every tile.
  ///
  /// - Returns: what the overlapped part of any takes at least, µs.
  @inline(__always)
  private func leastOverlapped(_ search: Search, _ candidates: Candidates) -> Double {
    let shape = search.shape
    let evenK = shape.k * search.perSM * search.common.perRate
    let leastK = TileLanes.Lanes(repeating: shape.k / TileList.mostSplit * search.common.perRate)
    let dramCubed = TileLanes.Lanes(repeating: search.dramCubed)
    let launch = TileLanes.Lanes(repeating: constants.launch)
    let l2K = shape.k * shape.inputBytes
    var least = TileLanes.Lanes(repeating: .infinity)
    withUnsafeTemporaryAllocation(of: TileLanes.Lanes.self, capacity: 2 * sideLanes.count) { counts in
      for place in sideLanes.indices {
        counts.initializeElement(at: place, to: (shape.m / sideLanes[place]).ceiling)
        counts.initializeElement(at: sideLanes.count &+ place, to: (shape.n / sideLanes[place]).ceiling)
      }
      counts.withMemoryRebound(to: Double.self) { counts in
        guard let alongM = counts.baseAddress.map({ UnsafePointer($0) }) else { return }
        let alongN = alongM + TileLanes.width * sideLanes.count
        for four in candidates.lanes.indices {
          let tiles = candidates.lanes[four]
          let grid = tiles.grid(alongM, alongN)
          let even = grid * evenK
          let compute = tiles.tensorPerK * even.orLarger(leastK)
          let l2 = grid * tiles.l2PerK * l2K
          let cubes = compute * compute * compute + l2 * l2 * l2 + dramCubed
          least = least.orSmaller(cubes)
          candidates.grids.initializeElement(at: four, to: grid)
          candidates.leastCubes.initializeElement(at: four, to: cubes)
          candidates.exposed.initializeElement(at: four, to: launch + tiles.wave(candidates.outputBytes))
        }
      }
    }
    return Mathematics.cubeRoot(least.min())
  }

  /// The place of the four with the tile that promises most.
  ///
  /// - Parameter root: what the overlapped part of any takes at least, µs: near it a root grows as fast as its cube over three times
  ///   its square.
  @inline(__always)
  private func promising(_ candidates: Candidates, _ root: Double) -> Int {
    let slope = 1 / (3 * root * root)
    var (times, fours) = (TileLanes.Lanes(repeating: .infinity), TileLanes.Lanes(repeating: 0))
    var place = TileLanes.Lanes(repeating: 0)
    for four in candidates.lanes.indices {
      let time = candidates.exposed[four] + slope * candidates.leastCubes[four]
      fours.replace(with: place, where: time .< times)
      times = times.orSmaller(time)
      place += TileLanes.Lanes(repeating: 1)
    }
    var best = 0
    for lane in 1..<TileLanes.width where times[lane] < times[best] { best = lane }
    return Int(fours[best])
  }

  /// Tries these tiles with every split, in their order.
  ///
  /// Bounds are sums and products of the same kind as times, and equal to them within a few roundings, far less than `tie`.
  ///
  /// - Parameters:
  ///   - best: the fastest so far; its time is the overlapped part's and what is exposed, µs.
  ///   - leastOverlapped: what any tile's overlapped part takes, µs.
  @inline(__always)
  private func improve(
    _ best: inout Choice, _ search: Search, _ candidates: Candidates, _ fours: Range<Int>, leastOverlapped: Double
  ) {
    let leastTime = constants.launch + constants.waveFill + leastOverlapped
    for wanted in TileList.splits {
      guard let split = split(search.shape, wanted) else { continue }
      if (leastTime + split.reduction) * GEMMTimeModel.tie >= best.time { break }
      for four in fours {
        let exposed = candidates.exposed[four] + split.reduction
        let room = best.time - exposed
        let roomCubed = room * room * room
        guard any(candidates.leastCubes[four] .< roomCubed) else { continue }
        let wave = candidates.lanes[four].wave(candidates.outputBytes)
        let (waves, tensor, l2, cubes) = search.overlapped(
          candidates.lanes[four], candidates.grids[four], wave, split)
        guard any(cubes .< roomCubed * GEMMTimeModel.tie) else { continue }
        for lane in 0..<TileLanes.width {
          let room = best.time - exposed[lane]
          guard cubes[lane] < room * room * room * GEMMTimeModel.tie else { continue }
          best.time = exposed[lane] + Mathematics.cubeRoot(cubes[lane])
          (best.tileM, best.tileN) = candidates.lanes[four].sides(sides, lane)
          best.split = split.parts
          best.waves = waves[lane]
          best.tensor = tensor[lane]
          best.l2 = l2[lane]
          best.splitK = split.reduction
          best.wave = wave[lane]
        }
      }
    }
  }
}
