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

  /// A tile for a shape.
  struct Candidate {
    let tile: Tile
    /// Tiles that cover the result.
    let grid: Double
    /// A wave's fill and epilogue, µs.
    let wave: Double
  }

  /// Every tile of a selection for a shape, in the list's order; behind them what fills the last four up.
  struct Candidates {
    let tiles: UnsafeBufferPointer<Tile>
    /// The same, four side by side.
    let lanes: UnsafeBufferPointer<TileLanes>
    // Of four tiles that stand side by side:
    /// Tiles that cover the result.
    let grids: UnsafeMutableBufferPointer<TileLanes.Lanes>
    /// What the cube of the overlapped part is at least, however K is split.
    let leastCubes: UnsafeMutableBufferPointer<TileLanes.Lanes>
    /// The launch, and the fill and epilogue of a wave, µs.
    let exposed: UnsafeMutableBufferPointer<TileLanes.Lanes>
    let outputBytes: Double

    @inline(__always)
    subscript(place: Int) -> Candidate {
      let tile = tiles[place]
      return Candidate(
        tile: tile, grid: Candidates.number(place, of: grids), wave: tile.fill + tile.epiloguePerByte * outputBytes)
    }

    @inline(__always)
    func leastCubes(_ place: Int) -> Double { Candidates.number(place, of: leastCubes) }

    @inline(__always)
    func exposed(_ place: Int) -> Double { Candidates.number(place, of: exposed) }

    /// One tile's of numbers that stand four side by side.
    @inline(__always)
    private static func number(_ place: Int, of lanes: UnsafeMutableBufferPointer<TileLanes.Lanes>) -> Double {
      UnsafeRawBufferPointer(lanes).load(fromByteOffset: MemoryLayout<Double>.stride &* place, as: Double.self)
    }
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
      _ candidate: Candidate, _ split: Split
    ) -> (waves: Double, tensor: Double, l2: Double, cubes: Double) {
      let tile = candidate.tile
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
    let selection = selection(shape)
    // Short lists apart, which lie on the stack.
    func withLanes(_ body: (UnsafeMutableBufferPointer<TileLanes.Lanes>) -> Choice) -> Choice {
      withUnsafeTemporaryAllocation(of: TileLanes.Lanes.self, capacity: selection.lanes.count, body)
    }
    return withLanes { grids in
      withLanes { leastCubes in
        withLanes { exposed in
          selectedTiles.withUnsafeBufferPointer { tiles in
            selectedLanes.withUnsafeBufferPointer { lanes in
              fastest(
                search,
                Candidates(
                  tiles: UnsafeBufferPointer(rebasing: tiles[selection.tiles]),
                  lanes: UnsafeBufferPointer(rebasing: lanes[selection.lanes]), grids: grids, leastCubes: leastCubes,
                  exposed: exposed, outputBytes: shape.outputBytes))
            }
          }
        }
      }
    }
  }

  /// The tiles that can be the fastest for as many rows.
  @inline(__always)
  private func selection(_ shape: Problem) -> TileSelection {
    var place = 0
    while place < selections.count - 1, shape.m > selections[place].rows { place += 1 }
    return selections[place]
  }

  @inline(__always)
  private func fastest(_ search: Search, _ candidates: Candidates) -> Choice {
    let leastOverlapped = leastOverlapped(search, candidates)
    let limit = leastTime(search, candidates[promising(candidates, leastOverlapped)]) * GEMMTimeModel.slack
    let most = TileLanes.Lanes(repeating: limit)
    let capacity = TileLanes.width * candidates.lanes.count
    return withUnsafeTemporaryAllocation(of: Int.self, capacity: capacity) { places in
      var kept = 0
      for four in candidates.lanes.indices {
        let room = most - candidates.exposed[four]
        let isNear = candidates.leastCubes[four] .< room * room * room
        for lane in 0..<TileLanes.width {
          // Written in any case: which tiles stay is hard for a processor to foresee.
          places[kept] = TileLanes.width &* four &+ lane
          kept &+= isNear[lane] ? 1 : 0
        }
      }
      return fastest(
        search, candidates, UnsafeBufferPointer(rebasing: places[..<kept]), leastOverlapped: leastOverlapped,
        limit: limit)
    }
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

  /// The place of the tile that promises most.
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
    return min(TileLanes.width * Int(fours[best]) + best, candidates.tiles.count - 1)
  }

  /// A tile's time with the split that is best for it.
  @inline(__always)
  private func leastTime(_ search: Search, _ candidate: Candidate) -> Double {
    var least = Double.infinity
    for wanted in TileList.splits {
      guard let split = split(search.shape, wanted) else { continue }
      let exposed = constants.launch + candidate.wave + split.reduction
      guard exposed + search.common.dram < least else { break }
      let room = least - exposed
      let cubes = search.overlapped(candidate, split).cubes
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
    _ search: Search, _ candidates: Candidates, _ places: UnsafeBufferPointer<Int>, leastOverlapped: Double,
    limit: Double
  ) -> Choice {
    let dram = search.common.dram
    var best = Choice(
      time: limit, tileM: 0, tileN: 0, split: 0, waves: 0, tensor: 0, l2: 0, dram: dram, splitK: 0, wave: 0,
      quantization: search.common.quantization)
    let leastTime = constants.launch + constants.waveFill + leastOverlapped
    for wanted in TileList.splits {
      guard let split = split(search.shape, wanted) else { continue }
      if (leastTime + split.reduction) * GEMMTimeModel.tie >= best.time { break }
      for place in places {
        let exposed = candidates.exposed(place) + split.reduction
        let room = best.time - exposed
        let roomCubed = room * room * room
        guard room > dram, candidates.leastCubes(place) < roomCubed else { continue }
        let candidate = candidates[place]
        let (waves, tensor, l2, cubes) = search.overlapped(candidate, split)
        guard cubes < roomCubed * GEMMTimeModel.tie else { continue }
        best.time = exposed + Mathematics.cubeRoot(cubes)
        best.tileM = candidate.tile.m
        best.tileN = candidate.tile.n
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
