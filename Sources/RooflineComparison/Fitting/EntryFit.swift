import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// Fits the constants of one calibration entry to measurements.
package struct EntryFit: Sendable {
  package let key: Calibration.Key
  package let facts: DeviceFacts
  package let generation: GPUGeneration

  package init(_ key: Calibration.Key, facts: DeviceFacts, generation: GPUGeneration) {
    self.key = key
    self.facts = facts
    self.generation = generation
  }

  /// How strongly a prior pulls constants back to its own.
  package enum Pull: Sendable {
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

  package struct Result: Sendable {
    package var constants: Calibration.Constants
    package var atBound: [ConstantAtBound]
    /// Keys of the constants and how far chance alone moves them, as shares of their values.
    package var standardErrors: [(key: String, share: Double)]
    package var scale: Double
  }

  /// - Parameters:
  ///   - prior: where the fit begins and what it shrinks to; the kind's initial values without one, and then no shrinking.
  ///   - starts: further places to begin at.
  ///   - pull: how strongly the prior pulls.
  ///   - explores: whether a fit that no sister's constants pull looks for better places to begin, first: the fastest of several tiles,
  ///     splits or protocols makes valleys that no step leaves.
  /// - Returns: nil where the key's kernels cannot be predicted at all.
  package func fit(
    _ observations: [Observation], prior: Calibration.Constants?, weights: [Double]? = nil,
    starts: [Calibration.Constants] = [], rounds: Int = 5, pull: Pull = .strong, explores: Bool = true
  ) -> Result? {
    guard let standard = prior ?? Calibration.Constants.standard(key) else { return nil }
    let ownPull: Pull = prior == nil ? .none : pull
    let run = Run(
      prior: prior, observations: observations, weights: weights, starts: starts, rounds: rounds, pull: ownPull,
      explores: explores && ownPull != .strong)
    return fit(run, standard.parameters)
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

  private func fit<P: ModelParameters>(_ run: Run, _ parameters: P) -> Result? {
    typealias C = P.Model.Constants
    let observations = run.observations
    let base = parameters.constants
    func model(_ constants: C) -> P.Model? { P.Model(facts, constants, parameters.cut, generation: generation) }
    guard model(base) != nil else { return nil }
    // A part that the prior does not have is not invented by a fit.
    let free = C.parameters.filter { $0.isRequired || $0.get(base) != $0.get(C.initial) }
    func constants(_ values: [Double]) -> C {
      var constants = base
      for (parameter, value) in zip(free, values) { parameter.set(&constants, value) }
      return constants
    }
    let kernels = observations.map { row in P.Model.work(row.value).map { (P.Model.prepared($0), row.conditions) } }
    func fit(_ rows: [Int]) -> RobustFit {
      let observations = rows.map { run.observations[$0] }
      let kernels = rows.map { kernels[$0] }
      return RobustFit(
        parameters: free.map {
          RobustFit.Parameter(prior: $0.get(base), bounds: $0.bounds, spread: run.pull.spread($0.spread))
        }, measured: observations.map(\.seconds), weights: run.weights.map { weights in rows.map { weights[$0] } },
        predictNear: near(observations) { model(constants($0)) }
      ) { values in
        let model = model(constants(values))
        return kernels.map { kernel in kernel.flatMap { model?.timing($0.0, $0.1).seconds } ?? .nan }
      }
    }
    var begin = ([base] + run.starts.compactMap { ($0.parameters as? P)?.constants }).map { start in
      free.map { $0.get(start) }
    }
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
    var own = parameters
    own.constants = constants(values)
    let fitted = Calibration.Constants(own)
    let standardErrors = zip(free, solution.standardErrors).map { ($0.key, $1) }
    return Result(
      constants: fitted,
      atBound: ConstantAtBound.list(
        of: fitted, moved: standardErrors, prior: run.pull == .none ? nil : run.prior),
      standardErrors: standardErrors, scale: solution.scale)
  }
}

extension EntryFit {
  /// Predictions of kernels whose choices (tiles) stay as they are under some constants: looking for the best of all is what costs; nil
  /// for models that look for nothing, which are as quick as their slopes.
  private func near<Model: KernelTimeModel>(
    _ observations: [Observation], _ model: @escaping ([Double]) -> Model?
  ) -> (([Double]) -> ([Double]) -> [Double])? {
    guard Model.Choice.self != Never.self else { return nil }
    let kernels = observations.compactMap { row in Model.work(row.value).map { (work: $0, row.conditions) } }
    guard kernels.count == observations.count else { return nil }
    return { values in
      let base = model(values)
      let choices = kernels.map { base?.choice($0, $1) }
      return { moved in
        let model = model(moved)
        return zip(kernels, choices).map { kernel, choice in
          guard let model, let choice else { return .nan }
          return model.timing(kernel.work, kernel.1, with: choice).seconds
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
