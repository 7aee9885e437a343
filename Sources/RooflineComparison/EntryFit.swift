import RooflineCore

/// Fits the constants of one calibration entry to measurements.
public struct EntryFit: Sendable {
  public let key: Calibration.Key
  public let facts: DeviceFacts
  public let capability: String

  public init(_ key: Calibration.Key, facts: DeviceFacts, capability: String) {
    self.key = key
    self.facts = facts
    self.capability = capability
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
    public var atBound: [String]
    /// Keys of the constants and how far chance alone moves them, as shares of their values.
    public var standardErrors: [(key: String, share: Double)]
    public var scale: Double
  }

  /// - Parameters:
  ///   - prior: where the fit begins and what it shrinks to; the kind's initial values without one, and then no shrinking.
  ///   - starts: further places to begin at.
  ///   - pull: how strongly the prior pulls.
  /// - Returns: nil where the key's kernels cannot be predicted at all.
  public func fit(
    _ observations: [Observation], prior: Calibration.Constants?, weights: [Double]? = nil,
    starts: [Calibration.Constants] = [], rounds: Int = 5, pull: Pull = .strong
  ) -> Result? {
    let standard = prior ?? Calibration.Constants.standard(key, capability: capability)
    let run = Run(
      observations: observations, weights: weights, starts: starts, rounds: rounds, pull: prior == nil ? .none : pull)
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
    let observations: [Observation]
    let weights: [Double]?
    let starts: [Calibration.Constants]
    let rounds: Int
    let pull: Pull
  }

  private func fit<C: FittedConstants>(
    _ run: Run, _ base: C, wrap: @escaping (C) -> Calibration.Constants,
    unwrap: (Calibration.Constants) -> C?
  ) -> Result? {
    let observations = run.observations
    guard KernelModel(wrap(base), facts: facts, capability: capability) != nil else { return nil }
    // A part that the prior does not have is not invented by a fit.
    let free = C.parameters.filter { $0.isRequired || $0.get(base) != $0.get(C.initial) }
    func constants(_ values: [Double]) -> C {
      var constants = base
      for (parameter, value) in zip(free, values) { parameter.set(&constants, value) }
      return constants
    }
    let fit = RobustFit(
      parameters: free.map {
        RobustFit.Parameter(prior: $0.get(base), bounds: $0.bounds, spread: run.pull.spread($0.spread))
      }, measured: observations.map(\.microseconds), weights: run.weights
    ) { values in
      let model = KernelModel(wrap(constants(values)), facts: facts, capability: capability)
      return observations.map { model?.microseconds($0.kernel) ?? .nan }
    }
    let begin = [base] + run.starts.compactMap(unwrap)
    guard let solution = fit.solve(from: begin.map { start in free.map { $0.get(start) } }, rounds: run.rounds) else {
      return nil
    }
    return Result(
      constants: wrap(constants(solution.values)),
      atBound: zip(free, solution.isAtBound).compactMap { $1 ? $0.key : nil },
      standardErrors: zip(free, solution.standardErrors).map { ($0.key, $1) }, scale: solution.scale)
  }
}

extension Calibration.Constants {
  /// Where a fit begins that has no prior.
  static func standard(_ key: Calibration.Key, capability: String) -> Calibration.Constants {
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
