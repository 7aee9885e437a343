import RooflineCore

/// The time of a layer of routed experts: routing, two grouped products, and the kernels that move rows between them.
///
/// A grouped product's tiles run in waves over the SMs; tensor cores, DRAM and a CTA's walk over K overlap in part. The library chooses
/// its tile without seeing the routing, and is charged with the real tokens of each expert. Source: TimeModels.md, "Experts".
package struct ExpertTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: ExpertConstants
  package let cut: ExpertCut
  let tiles: [Tile]
  /// Those of a library that has not searched: for few tokens, and for more.
  private let untuned: (few: Tile, many: Tile)

  struct Tile: Sendable {
    let m, n: Double
    /// FLOPs a k over the rate of one SM in bf16, over the tile's efficiency, µs.
    let tensorPerK: Double
    /// Its own overhead, µs.
    let overhead: Double
  }

  package init?(_ facts: DeviceFacts, _ constants: ExpertConstants, _ cut: ExpertCut, generation: GPUGeneration) {
    guard let list = cut.tiles(generation) else { return nil }
    self.facts = facts
    self.constants = constants
    self.cut = cut
    func tile(_ sides: (m: Int, n: Int)) -> Tile {
      let (m, n) = (Double(sides.m), Double(sides.n))
      let perK = 2 * m * n * facts.streamingMultiprocessors / facts.flopsPerMicrosecond
      if cut.isStriped { return Tile(m: m, n: n, tensorPerK: perK, overhead: constants.tile) }
      let half = cut.halfIntensity
      let loss =
        GEMMTimeModel.loss(m * n / (m + n), half: half)
        / GEMMTimeModel.loss(GEMMConstants.referenceIntensity, half: half)
      return Tile(
        m: m, n: n, tensorPerK: perK * loss,
        overhead: constants.tile + 2 * m * n / (ExpertConstants.epilogue * facts.cyclesPerMicrosecond))
    }
    tiles = list.map(tile)
    untuned = (tile(ExpertCut.untunedTiles.few), tile(ExpertCut.untunedTiles.many))
  }

  /// A layer in the numbers of the equations.
  package struct Problem {
    let spread: TokenSpread
    let format: ProductFormat
    /// Tokens that this device sees; elements of their rows; columns of an expert; matrices before the activation.
    let visible, hidden, width, gates: Double
    let isUntuned: Bool
    /// Whether choices of other ranks' experts are among the visible tokens'.
    let seesRemote: Bool
    /// Token–expert pairs of this device, and rows of the kernels between the products.
    package let pairs, rows: Double
    let conditions: KernelConditions

    /// - Parameter spread: of the layer's tokens, where it is known.
    package init(
      _ layer: ExpertLayer<Count>, _ format: ProductFormat, _ cut: ExpertCut, _ conditions: KernelConditions,
      spread known: TokenSpread? = nil
    ) {
      spread = known ?? TokenSpread(layer)
      self.format = format
      visible = Double(layer.visible)
      hidden = Double(layer.hidden)
      width = Double(layer.width)
      gates = layer.isGated ? 2 : 1
      isUntuned = !layer.isTuned
      seesRemote = !layer.isDispatched
      pairs = spread.pairs
      rows = cut.takesAllRows && seesRemote ? visible * spread.chosen : pairs
      self.conditions = conditions
    }
  }

  /// A grouped product and what it consists of, µs.
  package struct Product {
    package var time = 0.0
    package var tileM = 0.0
    package var tileN = 0.0
    package var waves = 0.0
    package var touched = 0.0
    /// FLOPs and bytes at the datasheet's rates; tiles at the datasheet's rate; with their efficiency; at the rate that is reached.
    var ideal = 0.0
    var padded = 0.0
    var shaped = 0.0
    var rated = 0.0
    package var tensor = 0.0
    package var dram = 0.0
    package var steps = 0.0
  }

  private func isUntuned(_ problem: Problem) -> Bool { problem.isUntuned && constants.untunedTensor > 0 }

  /// The product before the activation, or the one after it.
  package func product(_ problem: Problem, isFirst: Bool) -> Product {
    var result = Product()
    guard problem.pairs > 0 else { return result }
    let format = problem.format
    let (hidden, inner) = (problem.hidden, problem.width)
    let (n, k) = isFirst ? (problem.gates * inner, hidden) : (hidden, inner)
    let isUntuned = isUntuned(problem)
    let isFew = problem.spread.tokens <= problem.spread.held
    var share = isUntuned ? constants.untunedTensor : constants.tensor
    // Benchmarks' weights are constants, which need less power than a model's.
    if problem.conditions.cache == .serving { share = min(share, constants.sustained) }
    let depth = 64 * (k / 64).rounded(.up)
    let perRate = depth / (format.speedup * share)
    let widening = constants.widening > 0 ? depth / (constants.widening * facts.cyclesPerMicrosecond) : 0
    let processors = facts.streamingMultiprocessors

    func waves(_ rowTiles: Double, _ tile: Tile) -> Double {
      let waves = rowTiles * (n / tile.n).rounded(.up) / processors
      return cut.isStriped ? waves : max(1, waves.rounded(.up))
    }
    func length(_ tile: Tile) -> Double {
      let loop = tile.tensorPerK * perRate + tile.n * widening
      // In a stripe nothing hides behind the next tile's loop: it begins where this one ends.
      return cut.isStriped ? loop + tile.overhead : (loop * loop + tile.overhead * tile.overhead).squareRoot()
    }
    // What the library sees: as many pairs as every rank has, evenly over the experts.
    let even = problem.spread.evenPairs.rounded(.up)
    let touchedEvenly = min(even, problem.spread.held)
    var best: (tile: Tile, tensor: Double)?
    if isUntuned {
      best = (isFew ? untuned.few : untuned.many, 0)
    } else if cut.isStriped {
      let filling = problem.visible * problem.spread.chosen / problem.spread.held
      best = (tiles.first { filling < ExpertCut.mostFilling * $0.m } ?? tiles.last).map { ($0, 0) }
    } else {
      for tile in tiles {
        let tensor = waves(TokenSpread.tiles(of: tile.m, pairs: even, over: touchedEvenly), tile) * length(tile)
        if best.map({ tensor < $0.tensor * GEMMTimeModel.tie }) ?? true { best = (tile, tensor) }
      }
    }
    guard let tile = best?.tile else { return result }
    let real = problem.spread.tiles(of: tile.m)
    let count = waves(real.tiles, tile)
    result.tileM = tile.m
    result.tileN = tile.n
    result.waves = count
    result.touched = real.touched
    result.tensor = count * length(tile)
    result.padded = count * 2 * tile.m * tile.n * depth * processors / (facts.flopsPerMicrosecond * format.speedup)
    result.shaped = count * tile.tensorPerK * depth / format.speedup
    result.rated = count * (tile.tensorPerK * perRate + tile.n * widening)

    let bytes = bytes(problem, touched: real.touched)
    let weights = isFirst ? bytes.firstWeights : bytes.secondWeights
    let (input, output) = isFirst ? (bytes.input, bytes.hiddenOutput) : (bytes.hiddenInput, bytes.output)
    let moved = weights * bytes.cold + input * big(input) + output * big(output)
    let bandwidth = isUntuned && !isFew ? constants.untunedBandwidth : constants.bandwidth
    result.dram = moved / (bandwidth * facts.bytesPerMicrosecond)
    result.steps = (k * max(format.expertWeightBytes, 1) / 128).rounded(.up) * constants.step
    result.ideal = max(
      2 * problem.pairs * n * k / (facts.flopsPerMicrosecond * format.speedup),
      (weights + input + output) / facts.bytesPerMicrosecond)
    let overlap = cut.overlap
    result.time = overlap.root(overlap.power(result.tensor) + overlap.power(result.dram) + overlap.power(result.steps))
    return result
  }

  /// Bytes of both products' operands, and the share of weights that comes from DRAM.
  private func bytes(_ problem: Problem, touched: Double) -> (
    firstWeights: Double, secondWeights: Double, input: Double, hiddenOutput: Double, hiddenInput: Double,
    output: Double, cold: Double
  ) {
    let format = problem.format
    let matrix = touched * format.expertWeightBytes * problem.hidden * problem.width
    let (first, second) = (problem.gates * matrix, matrix)
    let input = problem.pairs * problem.hidden * format.activationBytes
    let hiddenOutput = problem.pairs * problem.gates * problem.width * 2
    let hiddenInput = problem.pairs * problem.width * format.activationBytes
    let output = problem.pairs * problem.hidden * 2
    let copies =
      problem.conditions.copies ?? (problem.conditions.cache == .serving ? GEMMTimeModel.coldCopies : 1)
    let reuse =
      constants.residency * facts.l2 / (copies * (first + second) + input + hiddenOutput + output)
    return (first, second, input, hiddenOutput, hiddenInput, output, 1 / (1 + fourth(reuse)))
  }

  /// The share of a tensor that does not stay in L2.
  private func big(_ bytes: Double) -> Double { bytes > 0 ? 1 / (1 + fourth(0.5 * facts.l2 / bytes)) : 0 }

  private func fourth(_ x: Double) -> Double { (x * x) * (x * x) }
}

extension ExpertTimeModel {
  /// What the layer takes beside its products, µs.
  package struct Around {
    /// Launches and chains of kernels; time for each token, choice and expert.
    package var fixed, routing: Double
    /// Moving rows before, between and after the products, at the rate that is reached.
    package var permute, activation, combine: Double
    /// The same bytes at the datasheet's rate are this share of it.
    var idealShare: Double
  }

  package func around(_ problem: Problem) -> Around {
    let spread = problem.spread
    let (hidden, width, gates) = (problem.hidden, problem.width, problem.gates)
    let input = problem.format.activationBytes
    let (visible, rows) = (problem.visible, problem.rows)
    let reads = 2.0
    // Bytes of rows, in bf16 but for what is quantised.
    var permute = 0.0
    var activation = cut.design == .generated ? 0 : rows * width * (reads * gates + input)
    var combine =
      spread.chosen > 1 || cut.addsSingleChoice ? reads * rows * hidden + reads * visible * hidden : 0
    switch cut.design {
    case .cutlass:
      permute = reads * visible * hidden + rows * hidden * input
      if problem.format == .fp8Block {
        permute += rows * 5 * hidden
        activation += rows * 4 * width
      }
    case .triton, .directTriton, .skippingTriton:
      if problem.format.quantizesActivations { permute = visible * hidden * (reads + input) }
    case .marlin, .stripedMarlin, .generated: break
    }
    if cut.takesAllRows {
      let zeros = rows - problem.pairs
      activation += zeros * reads * gates * width
      combine += zeros * reads * hidden
    }
    let total = permute + activation + combine
    let stays = big(total / 3)
    let perByte = (stays + (1 - stays) / 3) / (constants.rowBandwidth * facts.bytesPerMicrosecond)
    let isParallel = spread.ranks > 1
    let others = cut.takesAllRows ? (isParallel ? 1 : 0) : spread.held
    return Around(
      fixed: constants.launch + constants.parallel * others
        + (spread.chosen > ExpertConstants.fewChoices ? constants.manyChoices : 0)
        + (visible > ExpertConstants.fewTokens ? constants.manyTokens : 0),
      routing: constants.routing * 1e-6 * visible * spread.chosen * spread.experts, permute: permute * perByte,
      activation: activation * perByte, combine: combine * perByte,
      idealShare: 1 / (facts.bytesPerMicrosecond * perByte))
  }
}
