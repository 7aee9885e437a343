import RooflineCore

/// Fits the constants of one calibration entry to measurements.
public struct EntryFit: Sendable {
  public let key: Calibration.Key
  public let facts: DeviceFacts
  public let generation: GPUGeneration

  public init(_ key: Calibration.Key, facts: DeviceFacts, generation: GPUGeneration) {
    self.key = key
    self.facts = facts
    self.generation = generation
  }

  /// How strongly a prior pulls constants back to its own.
  public enum Pull: Sendable {
    /// It is a place to begin and nothing more.
    case none
    /// Of another generation or library: constants walk two and a half times as far.
    case weak
    /// Of the same generation and library.
    case strong

    /// One standard deviation as a factor; nil: no pull.
    func spread(_ own: Double) -> Double? {
      switch self {
      case .none: nil
      case .weak: RobustFit.exponential(2.5 * RobustFit.logarithm(own))
      case .strong: own
      }
    }
  }

  public struct Result: Sendable {
    public var constants: Calibration.Constants
    public var atBound: [ConstantAtBound]
    /// Keys of the constants and how far chance alone moves them, as shares of their values.
    public var standardErrors: [(key: String, share: Double)]
    public var scale: Double
  }

  /// - Parameters:
  ///   - prior: where the fit begins and what it shrinks to; the kind's initial values without one, and then no shrinking.
  ///   - starts: further places to begin at.
  ///   - pull: how strongly the prior pulls.
  ///   - explores: whether a fit that no sister's constants pull looks for better places to begin, first: the fastest of several tiles,
  ///     splits or protocols makes valleys that no step leaves.
  /// - Returns: nil where the key's kernels cannot be predicted at all.
  public func fit(
    _ observations: [Observation], prior: Calibration.Constants?, weights: [Double]? = nil,
    starts: [Calibration.Constants] = [], rounds: Int = 5, pull: Pull = .strong, explores: Bool = true
  ) -> Result? {
    let standard = prior ?? Calibration.Constants.standard(key)
    let ownPull: Pull = prior == nil ? .none : pull
    let run = Run(
      prior: prior, observations: observations, weights: weights, starts: starts, rounds: rounds, pull: ownPull,
      explores: explores && ownPull != .strong)
    switch standard {
    case .gemm(let base):
      return fit(
        run, base, wrap: { .gemm($0) }, unwrap: { if case .gemm(let constants) = $0 { constants } else { nil } })
    case .prefill(let base, let cut):
      return fit(
        run, base, wrap: { .prefill($0, cut) },
        unwrap: { if case .prefill(let constants, _) = $0 { constants } else { nil } })
    case .decode(let base, let cut):
      return fit(
        run, base, wrap: { .decode($0, cut) },
        unwrap: { if case .decode(let constants, _) = $0 { constants } else { nil } })
    case .row(let base):
      return fit(run, base, wrap: { .row($0) }, unwrap: { if case .row(let constants) = $0 { constants } else { nil } })
    case .collective(let base):
      return fit(
        run, base, wrap: { .collective($0) },
        unwrap: { if case .collective(let constants) = $0 { constants } else { nil } })
    }
  }

  private struct Run {
    let prior: Calibration.Constants?
    let observations: [Observation]
    let weights: [Double]?
    let starts: [Calibration.Constants]
    let rounds: Int
    let pull: Pull
    let explores: Bool
  }

  /// Places that an exploration tries, and the rows that it does so with.
  private static let exploredStarts = 6
  private static let exploredRows = 60

  private func fit<C: FittedConstants>(
    _ run: Run, _ base: C, wrap: @escaping (C) -> Calibration.Constants,
    unwrap: (Calibration.Constants) -> C?
  ) -> Result? {
    let observations = run.observations
    guard KernelModel(wrap(base), facts: facts, generation: generation) != nil else { return nil }
    // A part that the prior does not have is not invented by a fit.
    let free = C.parameters.filter { $0.isRequired || $0.get(base) != $0.get(C.initial) }
    func constants(_ values: [Double]) -> C {
      var constants = base
      for (parameter, value) in zip(free, values) { parameter.set(&constants, value) }
      return constants
    }
    func fit(_ rows: [Int]) -> RobustFit {
      let observations = rows.map { run.observations[$0] }
      return RobustFit(
        parameters: free.map {
          RobustFit.Parameter(prior: $0.get(base), bounds: $0.bounds, spread: run.pull.spread($0.spread))
        }, measured: observations.map(\.microseconds), weights: run.weights.map { weights in rows.map { weights[$0] } },
        predictNear: near(observations) { wrap(constants($0)) }
      ) { values in
        let model = KernelModel(wrap(constants(values)), facts: facts, generation: generation)
        return observations.map { model?.microseconds($0.kernel) ?? .nan }
      }
    }
    var begin = ([base] + run.starts.compactMap(unwrap)).map { start in free.map { $0.get(start) } }
    if run.explores {
      let count = observations.count
      let some = (0..<min(count, EntryFit.exploredRows)).map { $0 * count / min(count, EntryFit.exploredRows) }
      let places = EntryFit.places(around: [free.map { $0.get(base) }, free.map { $0.get(C.initial) }])
      if let best = fit(some).solve(from: begin + places, rounds: 2) { begin.append(best.values) }
    }
    guard let solution = fit(Array(observations.indices)).solve(from: begin, rounds: run.rounds) else {
      return nil
    }
    // Within a hair of a bound is at it: the files' digits say no more.
    let values = zip(zip(free, solution.values), solution.isAtBound).map { pair, isAtBound in
      guard isAtBound else { return pair.1 }
      let bounds = pair.0.bounds
      return pair.1 - bounds.lowerBound < bounds.upperBound - pair.1 ? bounds.lowerBound : bounds.upperBound
    }
    let fitted = wrap(constants(values))
    let standardErrors = zip(free, solution.standardErrors).map { ($0.key, $1) }
    return Result(
      constants: fitted,
      atBound: ConstantAtBound.list(
        of: fitted, moved: standardErrors, prior: run.pull == .none ? nil : run.prior),
      standardErrors: standardErrors, scale: solution.scale)
  }
}

extension EntryFit {
  /// Predictions of GEMMs whose tiles stay as they are under some constants: looking for the fastest of all is what costs; nil for
  /// other kinds, whose models are as quick as their slopes.
  private func near(
    _ observations: [Observation], _ constants: @escaping ([Double]) -> Calibration.Constants
  ) -> (([Double]) -> ([Double]) -> [Double])? {
    guard key.kind == .gemm else { return nil }
    let shapes = observations.compactMap { row in if case .gemm(let shape) = row.kernel.shape { shape } else { nil } }
    guard shapes.count == observations.count else { return nil }
    let (facts, generation) = (facts, generation)
    func model(_ values: [Double]) -> GEMMTimeModel? {
      guard case .gemm(let model) = KernelModel(constants(values), facts: facts, generation: generation) else {
        return nil
      }
      return model
    }
    return { values in
      let base = model(values)
      let choices = shapes.map { base?.fastest($0) }
      return { moved in
        let model = model(moved)
        return zip(shapes, choices).map { shape, choice in
          guard let model, let choice, choice.time.isFinite else { return .nan }
          return model.microseconds(shape, with: choice)
        }
      }
    }
  }

  /// The centers after the first, and constants up to three times more or less than all of them; the same in every run.
  private static func places(around centers: [[Double]]) -> [[Double]] {
    var state: UInt64 = 1
    /// From −1 to 1 (Knuth's linear congruential generator, its upper bits).
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-52 - 1
    }
    return centers.dropFirst()
      + (0..<exploredStarts).map { index in
        centers[index % centers.count].map { $0 * RobustFit.exponential(next() * RobustFit.logarithm(3)) }
      }
  }
}

extension Calibration.Constants {
  /// Where a fit begins that has no prior.
  static func standard(_ key: Calibration.Key) -> Calibration.Constants {
    switch key.kind {
    case .gemm: .gemm(.initial)
    case .attention where key.phase == .prefill: .prefill(.initial, .standard(key.family, headDim: key.headDim ?? 128))
    case .attention: .decode(.initial, .standard(key.family, isGrouped: key.variant != .ungrouped))
    case .row: .row(.initial)
    case .collective: .collective(.initial)
    }
  }
}

extension PrefillCut {
  /// What is known of a library by its name, where no prior knows it: FlashAttention-3 and FlashInfer pack a group, FlashAttention-2 and
  /// TensorRT-LLM do not.
  static func standard(_ family: String, headDim: Int) -> PrefillCut {
    if family.contains("fa2") { return PrefillCut(queryRows: 64, keys: 64, packsGroup: false, packsSingleQuery: true) }
    if family.contains("trtllm") { return PrefillCut(queryRows: 128, keys: 32, packsGroup: false) }
    if family.contains("flashinfer") {
      return PrefillCut(queryRows: 128, keys: 32, packsGroup: true, split: .flashinfer, ignoresWindow: true)
    }
    let rows: Double = headDim <= 64 ? 192 : 128
    return PrefillCut(queryRows: rows, keys: headDim <= 128 ? 128 : 80, packsGroup: true, split: .fa3)
  }
}

extension DecodeCut {
  static func standard(_ family: String, isGrouped: Bool) -> DecodeCut {
    family.contains("fa2")
      ? DecodeCut(rule: isGrouped ? .efficient : .none, slotsPerSM: 2, itemPerQueryHead: !isGrouped)
      : DecodeCut(rule: .efficient)
  }
}
