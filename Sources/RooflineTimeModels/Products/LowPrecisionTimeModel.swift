import RooflineCore

/// The time of a product of low precision, with the kernel that quantises its input: the GEMM's equations with each operand's own width,
/// and a CTA's walk over K.
///
/// Source: TimeModels.md, "Low precision".
package struct LowPrecisionTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: LowPrecisionConstants
  package let cut: LowPrecisionCut
  private let rule: LowPrecisionCut
  private let list: TileList
  private let tiles: [(m: Double, n: Double)]

  package init?(
    _ facts: DeviceFacts, _ constants: LowPrecisionConstants, _ cut: LowPrecisionCut, generation: GPUGeneration
  ) {
    guard let list = generation.tiles else { return nil }
    self.facts = facts
    self.constants = constants
    self.cut = cut
    rule = cut.on(generation)
    self.list = list
    tiles = list.lowPrecision.map { (Double($0.m), Double($0.n)) }
  }

  struct Problem {
    let m, n, k: Double
    let flops: Double
    let format: ProductFormat
    let copies: Double
    /// Whether its input comes quantised.
    let isQuantized: Bool
    /// Bytes of W, x and y.
    var weights: Double { format.weightBytes * n * k }
    var input: Double { format.activationBytes * m * k }
    var output: Double { 2 * m * n }
  }

  /// The fastest candidate and what it consists of, µs.
  package struct Choice: Sendable {
    package var time = Double.infinity
    package var tileM = 0.0
    package var tileN = 0.0
    package var split = 1.0
    package var waves = 0.0
    package var tensor = 0.0
    package var l2 = 0.0
    package var dram = 0.0
    package var steps = 0.0
    package var fill = 0.0
    var reduction = 0.0
    package var quantization = 0.0
  }

  /// What all candidates of a shape share.
  private struct Common {
    /// 1 / the share of the tensor peak that this much work reaches, over the format's speed-up.
    let perRate: Double
    let dram, quantization: Double
  }

  /// Launch and drain, without the quantising kernel's where there is none.
  private func launch(_ shape: Problem) -> Double {
    guard shape.format.quantizesActivations, shape.isQuantized else { return constants.launch }
    return max(0, constants.launch - constants.quantizationLaunch)
  }

  private func fourth(_ x: Double) -> Double { (x * x) * (x * x) }

  private func common(_ shape: Problem) -> Common {
    let format = shape.format
    let burst = shape.flops / (facts.flopsPerMicrosecond * format.speedup * constants.burst)
    let rate =
      constants.sustained + (constants.burst - constants.sustained) / (1 + burst / constants.clockHalfTime)
    func big(_ bytes: Double) -> Double { 1 / (1 + fourth(0.5 * facts.l2 / bytes)) }
    let (weights, input, output) = (shape.weights, shape.input, shape.output)
    let cold = 1 / (1 + fourth(constants.residency * facts.l2 / (shape.copies * weights + input + output)))
    let moved = weights * cold + input * big(input) + output * big(output)
    var quantization = 0.0
    if format.quantizesActivations, !shape.isQuantized {
      let stays = big(2 * shape.m * shape.k)
      quantization =
        shape.m * shape.k * (2 + format.activationBytes) * (stays + (1 - stays) / 3)
        / (constants.quantizationBandwidth * facts.bytesPerMicrosecond)
        + shape.m * constants.quantizationRow / facts.streamingMultiprocessors
    }
    return Common(
      perRate: 1 / (rate * format.speedup), dram: moved / (constants.bandwidth * facts.bytesPerMicrosecond),
      quantization: quantization)
  }

  /// A tile with K in so many parts; nil where a part would have no work.
  @inline(__always)
  private func candidate(
    _ shape: Problem, _ common: Common, _ tile: (m: Double, n: Double), split wanted: Double, below limit: Double
  ) -> Choice? {
    let depth = LowPrecisionConstants.depth
    let kPerCTA = (shape.k / wanted / depth).rounded(.up) * depth
    let split = (shape.k / kPerCTA).rounded(.up)
    guard split >= wanted else { return nil }
    let format = shape.format
    let fill = constants.waveFill + tile.m * tile.n * 2 / (constants.epilogue * facts.cyclesPerMicrosecond)
    let reduction =
      split > 1
      ? constants.splitK + 8 * split * shape.m * shape.n / GEMMConstants.splitKBytesPerMicrosecond : 0
    let exposed = launch(shape) + common.quantization + fill + reduction
    let room = limit - exposed
    guard room > common.dram else { return nil }
    let ctas = (shape.m / tile.m).rounded(.up) * (shape.n / tile.n).rounded(.up) * split
    let waves = max(1, (ctas / facts.streamingMultiprocessors).rounded(.up))
    let plain = waves * 2 * tile.m * tile.n * kPerCTA * facts.streamingMultiprocessors / facts.flopsPerMicrosecond
    let least = plain * common.perRate
    guard least < room else { return nil }
    let half = constants.halfIntensity
    let loss =
      GEMMTimeModel.loss(tile.m * tile.n / (tile.m + tile.n), half: half)
      / GEMMTimeModel.loss(GEMMConstants.referenceIntensity, half: half)
    var tensor = least * loss
    if constants.widening > 0 {
      tensor += waves * tile.n * kPerCTA / (constants.widening * facts.cyclesPerMicrosecond)
    }
    let (rows, columns) = (tile.m * format.activationBytes, tile.n * format.weightBytes)
    let l2 =
      ctas * (min(rows, columns) + list.multicast * max(rows, columns)) * kPerCTA
      / (constants.l2 * facts.cyclesPerMicrosecond * facts.streamingMultiprocessors)
    let steps = (kPerCTA * max(format.weightBytes, 0.5) / 128).rounded(.up) * constants.step
    let compute = tensor + (waves - 1) * fill
    func cube(_ x: Double) -> Double { x * x * x }
    let sum = cube(compute) + cube(l2) + cube(common.dram) + cube(steps)
    guard sum < cube(room) * GEMMTimeModel.tie else { return nil }
    return Choice(
      time: exposed + Mathematics.cubeRoot(sum), tileM: tile.m, tileN: tile.n, split: split, waves: waves,
      tensor: tensor, l2: l2, dram: common.dram, steps: steps, fill: fill, reduction: reduction,
      quantization: common.quantization)
  }

  func fastest(_ shape: Problem) -> Choice {
    let common = common(shape)
    if let tile = rule.tile(
      m: shape.m, n: shape.n, k: shape.k, isClustered: list.multicast < 1, processors: facts.streamingMultiprocessors)
    {
      return candidate(shape, common, tile, split: 1, below: .infinity) ?? Choice()
    }
    var best = Choice()
    for split in TileList.splits {
      for tile in tiles {
        if let better = candidate(shape, common, tile, split: split, below: best.time) { best = better }
      }
    }
    return best
  }
}

extension LowPrecisionTimeModel {
  /// The chosen candidate, built up from the roof: each line takes one more effect into account.
  private func parts(_ shape: Problem) -> [TimePart] {
    let choice = fastest(shape)
    let tensor = shape.flops / (facts.flopsPerMicrosecond * shape.format.speedup)
    let memory = (shape.weights + shape.input + shape.output) / facts.bytesPerMicrosecond
    let roof = max(tensor, memory)
    let launch = launch(shape)
    let exposed = launch + choice.fill
    let compute = choice.tensor + (choice.waves - 1) * choice.fill
    let main = choice.time - exposed - choice.reduction - choice.quantization
    let reduced = exposed + choice.reduction
    return TimePart.differences([
      (.roof, roof), (.fixed, roof + launch), (.waves, roof + exposed),
      (.tile, max(compute, memory) + exposed), (.l2, max(compute, choice.l2, memory) + exposed),
      (.dram, max(compute, choice.l2, choice.dram) + exposed),
      (.latency, max(compute, choice.l2, choice.dram, choice.steps) + exposed),
      (.split, max(compute, choice.l2, choice.dram, choice.steps) + reduced), (.overlap, main + reduced),
      (.quantization, choice.time),
    ]).filter { $0.name != .quantization || choice.quantization > 0 }
  }
}

extension LowPrecisionTimeModel: KernelTimeModel {
  package static let kind = KernelKind.lowPrecisionGEMM

  /// A product and its formats.
  package struct Work: Sendable {
    let gemm: GEMM<Count>
    package let format: ProductFormat
  }

  /// Whether an operand is narrower than 16 bits.
  static func describes(_ gemm: GEMM<Count>) -> Bool {
    gemm.formats.weight.bits < 16 || gemm.formats.activation.bits < 16
  }

  package static func work(_ value: Operator<Count>) -> Work? {
    guard case .gemm(let gemm) = value, describes(gemm), let format = ProductFormat(gemm.formats) else { return nil }
    switch gemm.source {
    case .activation: return Work(gemm: gemm, format: format)
    // Cached rows of another format would be converted on the way.
    case .cache:
      return gemm.formats.keyValueCache.bits == gemm.formats.activation.bits ? Work(gemm: gemm, format: format) : nil
    }
  }

  package static func subject(_ work: Work) -> KernelSubject {
    KernelSubject(.lowPrecisionGEMM, dtype: work.format.dtype, format: work.format)
  }

  private func problem(_ work: Work, _ conditions: KernelConditions) -> Problem {
    Problem(
      m: Double(work.gemm.m), n: Double(work.gemm.n), k: Double(work.gemm.k), flops: Double(work.gemm.product),
      format: work.format,
      copies: conditions.copies ?? (conditions.cache == .serving ? GEMMTimeModel.coldCopies : 1),
      isQuantized: conditions.fusesQuantization)
  }

  package func timing(_ work: Work, _ conditions: KernelConditions) -> KernelTiming {
    let shape = problem(work, conditions)
    let choice = fastest(shape)
    return KernelTiming(microseconds: choice.time, exposed: launch(shape) + choice.fill + choice.reduction)
  }

  package func parts(_ work: Work, _ conditions: KernelConditions) -> [TimePart] { parts(problem(work, conditions)) }

  package func choices(_ work: Work, _ conditions: KernelConditions) -> [(name: String, value: String)] {
    let choice = fastest(problem(work, conditions))
    return [
      ("tile", "\(Int(choice.tileM)) × \(Int(choice.tileN))"), ("split of K", "\(Int(choice.split))"),
      ("waves", "\(Int(min(choice.waves, 1e15)))"),
    ]
  }

  package func choice(_ work: Work, _ conditions: KernelConditions) -> Choice? {
    let choice = fastest(problem(work, conditions))
    return choice.time.isFinite ? choice : nil
  }

  package func timing(_ work: Work, _ conditions: KernelConditions, with choice: Choice) -> KernelTiming {
    let shape = problem(work, conditions)
    let own =
      candidate(
        shape, common(shape), (choice.tileM, choice.tileN), split: choice.split, below: .infinity) ?? Choice()
    return KernelTiming(microseconds: own.time, exposed: launch(shape) + own.fill + own.reduction)
  }

  package static func place(_ work: Work) -> KernelPlace { GEMMTimeModel.place(work.gemm) }

  package static func regimes(_ work: Work) -> [String] { GEMMTimeModel.regimes(work.gemm) }
}
