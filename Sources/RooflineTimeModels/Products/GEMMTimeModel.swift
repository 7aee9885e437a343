import RooflineCore

/// The time of a tiled GEMM: of all tiles and splits that the library offers, the fastest.
///
/// A CTA computes a tile; CTAs run in waves over the SMs. In each, tensor cores, L2 and DRAM work at the same time, combined by a
/// 3-norm; the launch, the first wave's fill and a split's reduction are exposed. Source: TimeModels.md, "GEMM".
package struct GEMMTimeModel: Sendable {
  /// A product in the numbers of the equations: its sizes, and the FLOPs and bytes that its definition states.
  package struct Problem {
    package let m, n, k: Double
    /// Bytes of an element of x and W, and of y.
    package let inputBytes, outputBytes: Double
    /// FLOPs; bytes of W, x and y. A bias, one row of y, is left out.
    let flops, weights, input, output: Double
    /// How many weights like this one pass through L2 between two uses of it.
    let copies: Double

    package init(_ gemm: GEMM<Count>, _ conditions: KernelConditions) {
      m = Double(gemm.m)
      n = Double(gemm.n)
      k = Double(gemm.k)
      flops = Double(gemm.product)
      inputBytes = Double(gemm.formats.activation.bits) / 8
      (weights, input, output, outputBytes) = gemm.bytes
      copies = conditions.copies ?? (conditions.cache == .serving ? GEMMTimeModel.coldCopies : 1)
    }
  }

  /// As many copies as make every weight cold: a real step's other layers.
  static let coldCopies = 1000.0

  /// The fastest candidate and what it consists of, in the constants' unit.
  package struct Choice: Hashable, Sendable {
    package var time: Double
    package var tileM, tileN, split, waves: Double
    package var tensor, l2, dram, splitK: Double
    /// Fill and epilogue of a wave.
    package var wave: Double
    var quantization: Double

    package init(
      time: Double, tileM: Double, tileN: Double, split: Double, waves: Double, tensor: Double, l2: Double,
      dram: Double, splitK: Double, wave: Double, quantization: Double
    ) {
      self.time = time
      self.tileM = tileM
      self.tileN = tileN
      self.split = split
      self.waves = waves
      self.tensor = tensor
      self.l2 = l2
      self.dram = dram
      self.splitK = splitK
      self.wave = wave
      self.quantization = quantization
    }
  }

  package struct Tile: Sendable {
    package let m, n: Double
    /// Places of both in `sides`.
    let mPlace, nPlace: Int
    /// FLOPs a k: 2mn over the rate of one SM, over the tile's efficiency, µs.
    package let tensorPerK: Double
    /// L2 bytes a k over the L2 rate, µs, times element size.
    package let l2PerK: Double
    /// A wave's fill and epilogue, µs: fixed and per result byte.
    package let fill, epiloguePerByte: Double
  }

  package let facts: DeviceFacts
  package let constants: GEMMConstants
  package let list: TileList
  /// In the list's order.
  package let tiles: [Tile]
  /// Those that can be the fastest, for few rows first; the last are all of them.
  let selections: [TileSelection]
  /// The tiles of the selections, one selection after another, four side by side.
  let selectedLanes: [TileLanes]
  /// Every length that a side of a tile has, each once.
  let sides: [Double]
  /// The same, four side by side; what is left of the last is 1.
  let sideLanes: [SIMD4<Double>]

  package init(_ facts: DeviceFacts, _ constants: GEMMConstants, _ list: TileList) {
    self.facts = facts
    self.constants = constants
    self.list = list
    let sides = Set(list.tiles.flatMap { [Double($0.m), Double($0.n)] }).sorted()
    self.sides = sides
    sideLanes = stride(from: 0, to: sides.count, by: 4).map { first in
      var four = SIMD4<Double>(repeating: 1)
      for place in first..<min(first + 4, sides.count) { four[place - first] = sides[place] }
      return four
    }
    let shapes = TileShapes.of(list)
    let tiles = shapes.all.map { GEMMTimeModel.tile($0, sides, facts, constants) }
    self.tiles = tiles
    var selectedLanes: [TileLanes] = []
    selections = shapes.choices.map { choices in
      let first = selectedLanes.count
      selectedLanes += TileLanes.all(of: choices.places.map { tiles[$0] })
      return TileSelection(rows: choices.rows, lanes: first..<selectedLanes.count)
    }
    self.selectedLanes = selectedLanes
  }

  private static func tile(
    _ shape: TileShape, _ sides: [Double], _ facts: DeviceFacts, _ constants: GEMMConstants
  ) -> Tile {
    let smRate = facts.flopsPerMicrosecond / facts.streamingMultiprocessors
    let l2Rate = constants.l2 * facts.cyclesPerMicrosecond * facts.streamingMultiprocessors
    return Tile(
      m: shape.m, n: shape.n, mPlace: sides.firstIndex(of: shape.m) ?? 0, nPlace: sides.firstIndex(of: shape.n) ?? 0,
      tensorPerK: shape.flops / smRate, l2PerK: shape.fetched / l2Rate, fill: constants.waveFill,
      epiloguePerByte: shape.area / (constants.epilogue * facts.cyclesPerMicrosecond))
  }

  /// 1 + (half/I)^power: how much longer tensor cores take with tiles of little reuse.
  static func loss(_ intensity: Double, half: Double) -> Double {
    1 + Mathematics.power(half / intensity, GEMMConstants.intensityPower)
  }

  /// What is the same for every candidate of a shape.
  package struct Common {
    /// 1 / the share of the tensor peak that this much work reaches, over the format's speed-up.
    package let perRate: Double
    package let dram: Double
    package let quantization: Double
  }

  package func common(_ shape: Problem) -> Common {
    let speedup = 2 / shape.inputBytes
    let ideal = shape.flops / (facts.flopsPerMicrosecond * speedup)
    let constants = self.constants
    let work = ideal / constants.burst
    let rate = constants.sustained + (constants.burst - constants.sustained) / (1 + work / constants.clockHalfTime)
    let (weights, input, output) = (shape.weights, shape.input, shape.output)
    func fourth(_ x: Double) -> Double { (x * x) * (x * x) }
    let reuse = constants.residency * facts.l2 / (shape.copies * weights + input + output)
    // The usual power, 4, without a logarithm.
    let power = constants.residencyPower
    let cold = 1 / (1 + (power == 4 ? fourth(reuse) : Mathematics.power(reuse, power)))
    func spilled(_ bytes: Double) -> Double { 1 / (1 + fourth(0.5 * facts.l2 / bytes)) }
    let bytes = weights * cold + input * spilled(input) + output * spilled(output)
    let quantization =
      constants.quantizationLaunch == 0
      ? 0
      : constants.quantizationLaunch + 3 * shape.m * shape.k
        / (constants.quantizationBandwidth * facts.bytesPerMicrosecond)
    return Common(
      perRate: 1 / (rate * speedup), dram: bytes / (constants.bandwidth * facts.bytesPerMicrosecond),
      quantization: quantization)
  }

  /// The time with the tile and the split of a choice, whether or not they are the fastest under these constants, in their unit.
  ///
  /// Where constants move a little, the fastest candidate stays: the slope of its own time is that of the fastest time.
  package func time(_ shape: Problem, with choice: Choice) -> Double {
    let common = common(shape)
    let tile = GEMMTimeModel.tile(
      TileShape(m: choice.tileM, n: choice.tileN, multicast: list.multicast), sides, facts, constants)
    let kPerCTA = (shape.k / choice.split / list.depth).ceiling * list.depth
    let ctas = (shape.m / tile.m).ceiling * (shape.n / tile.n).ceiling * choice.split
    let perProcessor = ctas / facts.streamingMultiprocessors
    let waves = max(1, perProcessor + list.tail * (perProcessor.ceiling - perProcessor))
    let wave = tile.fill + tile.epiloguePerByte * shape.outputBytes
    let compute = waves * tile.tensorPerK * kPerCTA * common.perRate + (waves - 1) * wave
    let l2 = ctas * tile.l2PerK * kPerCTA * shape.inputBytes
    let cubes = compute * compute * compute + l2 * l2 * l2 + common.dram * common.dram * common.dram
    return constants.launch + wave + reduction(choice.split, shape) + Mathematics.cubeRoot(cubes) + common.quantization
  }

  /// Writing and adding up the partial sums of a split K.
  package func reduction(_ split: Double, _ shape: Problem) -> Double {
    split > 1
      ? constants.splitK + 8 * split * shape.m * shape.n / GEMMConstants.splitKBytesPerMicrosecond : 0
  }
}

extension GEMMTimeModel {
  /// The chosen candidate, built up from the roof: each line takes one more effect into account.
  private func parts(_ shape: Problem) -> [TimePart] {
    let choice = fastest(shape)
    let common = common(shape)
    let speedup = 2 / shape.inputBytes
    let idealMemory = (shape.weights + shape.input + shape.output) / facts.bytesPerMicrosecond
    let idealTensor = shape.flops / (facts.flopsPerMicrosecond * speedup)
    let smRate = facts.flopsPerMicrosecond * speedup / facts.streamingMultiprocessors
    // The busiest SM's work at the datasheet's rate: padding to tiles and waves, no inefficiency.
    let kPerCTA = choice.split > 0 ? (shape.k / choice.split / list.depth).ceiling * list.depth : shape.k
    let waves = choice.waves * 2 * choice.tileM * choice.tileN * kPerCTA / smRate
    let wave = choice.wave
    let exposed = constants.launch + wave
    let tail = (choice.waves - 1) * wave
    let tensorAtPeak = choice.tensor / (common.perRate * speedup)
    let atBurst = tensorAtPeak / constants.burst
    return TimePart.differences([
      (.roof, max(idealTensor, idealMemory)),
      (.fixed, max(idealTensor, idealMemory) + constants.launch),
      (.waves, max(waves + tail, idealMemory) + exposed),
      (.tile, max(tensorAtPeak + tail, idealMemory) + exposed),
      (.rate, max(atBurst + tail, idealMemory) + exposed),
      (.sag, max(choice.tensor + tail, idealMemory) + exposed),
      (.l2, max(choice.tensor + tail, choice.l2, idealMemory) + exposed),
      (.dram, max(choice.tensor + tail, choice.l2, choice.dram) + exposed),
      (.split, max(choice.tensor + tail, choice.l2, choice.dram) + exposed + choice.splitK),
      (.overlap, choice.time - choice.quantization),
      (.quantization, choice.time),
    ]).filter { $0.name != .quantization || choice.quantization > 0 }
  }
}

extension GEMMTimeModel: KernelTimeModel {
  package static let kind = KernelKind.gemm

  /// - Returns: nil where nothing is known of such a GPU's tiles.
  package init?(_ facts: DeviceFacts, _ constants: GEMMConstants, _ cut: WholeKernel, generation: GPUGeneration) {
    guard let list = generation.tiles else { return nil }
    self.init(facts, constants, list)
  }

  /// Kernels that widen weights on the way are others, and nobody measured them.
  package static func work(_ value: Operator<Count>) -> GEMM<Count>? {
    guard case .gemm(let gemm) = value, gemm.formats.weight.bits == gemm.formats.activation.bits,
      !LowPrecisionTimeModel.describes(gemm)
    else { return nil }
    switch gemm.source {
    case .activation: return gemm
    // Cached rows of another format would be converted on the way.
    case .cache: return gemm.formats.keyValueCache.bits == gemm.formats.activation.bits ? gemm : nil
    }
  }

  package static func subject(_ gemm: GEMM<Count>) -> KernelSubject {
    KernelSubject(.gemm, dtype: gemm.formats.activation)
  }

  package func timing(_ gemm: GEMM<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let choice = fastest(Problem(gemm, conditions))
    return KernelTiming(microseconds: choice.time, exposed: constants.launch + choice.wave + choice.splitK)
  }

  package func parts(_ gemm: GEMM<Count>, _ conditions: KernelConditions) -> [TimePart] {
    parts(Problem(gemm, conditions))
  }

  package func choices(_ gemm: GEMM<Count>, _ conditions: KernelConditions) -> [(name: String, value: String)] {
    let choice = fastest(Problem(gemm, conditions))
    return [
      ("tile", "\(Int(choice.tileM)) × \(Int(choice.tileN))"), ("split of K", "\(Int(choice.split))"),
      ("waves", "\((choice.waves * 100).rounded() / 100)"),
    ]
  }

  package func choice(_ gemm: GEMM<Count>, _ conditions: KernelConditions) -> Choice? {
    let choice = fastest(Problem(gemm, conditions))
    return choice.time.isFinite ? choice : nil
  }

  package func timing(_ gemm: GEMM<Count>, _ conditions: KernelConditions, with choice: Choice) -> KernelTiming {
    KernelTiming(
      microseconds: time(Problem(gemm, conditions), with: choice),
      exposed: constants.launch + choice.wave + choice.splitK)
  }

  package static func place(_ gemm: GEMM<Count>) -> KernelPlace {
    let (m, n, k) = (Double(gemm.m), Double(gemm.n), Double(gemm.k))
    return KernelPlace(
      "gemm", sizes: [("m", m), ("n", n), ("k", k)], order: [n, k, m],
      point: [2 * KernelPlace.log(m), 2 * KernelPlace.log(n), 0.5 * KernelPlace.log(k), 0], group: [n, k])
  }

  package static func regimes(_ gemm: GEMM<Count>) -> [String] {
    [min(gemm.n, gemm.k) >= 512 ? "n,k >= 512" : "n or k < 512"]
  }
}
