import RooflineComparison
import RooflineCore
import RooflineTimeModels

/// Fits what an engine adds to the kernels of its passes to published steps.
///
/// As few constants as the data hold: every set of up to three is fitted, and the smallest whose error is within 5 % of the smallest
/// error is kept. The error is that of models and of GPUs that were left out, where there are several: a constant that stands for one
/// model's sizes helps no other. Kernels, what is fused and the scheduler are facts of the engine that is begun with. TTFT in a closed loop is queueing
/// and is not fitted.
package struct StepCalibrator {
  /// Whose kernels and scheduler the rows' engine has.
  package let base: Engine
  let samples: [StepSample]
  /// Rows that are not fitted, by reason.
  package let skipped: [ObservationFile.Skipped]

  /// Fewer rows hold nothing.
  package static let fewestRows = 8
  private static let mostConstants = 3
  private static let tolerated = 1.05

  package struct Outcome: Sendable {
    package var engine: Engine
    /// Kernels alone, with the constants begun with, with those fitted.
    package var kernels, before, after: ErrorStatistics?
    /// Each model, and each GPU, predicted with constants of all others; nil where there is only one.
    package var modelsLeftOut, gpusLeftOut: ErrorStatistics?
  }

  package init(_ rows: [StepMeasurement], base: Engine, catalog: Catalog) {
    var base = base
    let own = rows.filter { Spelling.normalized($0.engine) == Spelling.normalized(base.engine) }
    // Versions that the file speaks for; where there are none, a file of its engine for another version is begun with.
    let known = own.filter { base.versions.contains($0.version) }
    let wanted = Set(known.isEmpty ? own : known)
    base.versions = Set(wanted.map(\.version)).sorted()
    self.base = base
    let resolver = StepResolver(catalog, engines: [base])
    var samples: [StepSample] = []
    var reasons: [String: Int] = [:]
    for row in rows {
      guard wanted.contains(row) else {
        reasons["of another engine or version", default: 0] += 1
        continue
      }
      guard row.conditions.regime != .closedLoop || row.metric == .timePerOutputToken else {
        reasons["\(row.metric.rawValue) of a closed loop is queueing, which no constant describes", default: 0] += 1
        continue
      }
      do {
        var sample = try StepSample(row, resolver)
        let line = try StepLine(sample)
        // A floor of launches bends it.
        sample.line = base.launch == .eager ? nil : line
        samples.append(sample)
      } catch { reasons[error.reason, default: 0] += 1 }
    }
    self.samples = samples
    skipped = reasons.sorted { $0.key < $1.key }.map { .init(reason: $0.key, n: $0.value) }
  }

  package var rows: Int { samples.count }

  /// nil where there are too few rows.
  package func calibrate(name: String, path: String) -> Outcome? {
    guard rows >= StepCalibrator.fewestRows else { return nil }
    let candidates = PassOverhead.keys.map(\.path).filter { base.launch == .eager || $0 != \.launchFloor }
    var fits: [(set: [PassOverhead.Constant], fitted: PassOverhead, loss: Double)] = []
    for set in StepCalibrator.sets(candidates) {
      let fitted = StepCalibrator.fit(set, samples)
      let held = leftOut(set) { $0.clock.configuration.name } + leftOut(set) { $0.clock.hardware.name }
      fits.append((set, fitted, StepCalibrator.loss(held.isEmpty ? samples.map { ($0, fitted) } : held)))
    }
    let least = fits.map(\.loss).min() ?? 0
    // Sets come smallest first.
    guard let best = fits.first(where: { $0.loss <= least * StepCalibrator.tolerated }) else { return nil }
    var engine = base
    (engine.name, engine.path, engine.pass) = (name, path, best.fitted)
    engine.fit = Engine.Fit(
      data: Set(samples.map(\.row.publisher)).sorted().joined(separator: ", "), rows: rows,
      gpus: Set(samples.map(\.clock.hardware.name)).sorted(),
      models: Set(samples.map(\.clock.configuration.name)).sorted())
    let models = leftOut(best.set) { $0.clock.configuration.name }
    let gpus = leftOut(best.set) { $0.clock.hardware.name }
    let held = models + gpus
    engine.heldOut = HeldOutErrors.ofSteps(held.isEmpty ? folded(best.set) : held)
    return Outcome(
      engine: engine, kernels: StepCalibrator.errors(samples.map { ($0, nil) }),
      before: StepCalibrator.errors(samples.map { ($0, base.pass) }),
      after: StepCalibrator.errors(samples.map { ($0, best.fitted) }), modelsLeftOut: StepCalibrator.errors(models),
      gpusLeftOut: StepCalibrator.errors(gpus))
  }

  /// All sets of up to three constants, smaller ones first.
  private static func sets(_ all: [PassOverhead.Constant]) -> [[PassOverhead.Constant]] {
    var sets: [[PassOverhead.Constant]] = [[]]
    var last: [[Int]] = [[]]
    for _ in 0..<mostConstants {
      last = last.flatMap { set in ((set.last ?? -1) + 1..<all.count).map { set + [$0] } }
      sets += last.map { $0.map { all[$0] } }
    }
    return sets
  }

  // MARK: fits

  private static func fit(_ set: [PassOverhead.Constant], _ samples: [StepSample]) -> PassOverhead {
    guard !set.isEmpty else { return PassOverhead() }
    func overhead(_ values: [Double]) -> PassOverhead {
      var overhead = PassOverhead()
      for (path, value) in zip(set, values) { overhead[keyPath: path] = value }
      return overhead
    }
    let parameters = set.map { path in
      RobustFit.Parameter(prior: 0, bounds: 0...PassOverhead.most(path), spread: nil)
    }
    let fit = RobustFit(parameters: parameters, measured: samples.map(\.row.value)) { values in
      let overhead = overhead(values)
      return samples.map { $0.fitted(overhead) }
    }
    // From nothing, and from a twentieth of what is possible: the constants' logarithms have more than one valley.
    let starts = [parameters.map { _ in 0.0 }, parameters.map { $0.bounds.upperBound / 20 }]
    return overhead(fit.solve(from: starts)?.values ?? starts[0])
  }

  /// The mean |ln(predicted/measured)|.
  private static func loss(_ trials: [Trial]) -> Double {
    trials.reduce(0) { sum, trial in
      let predicted = trial.sample.fitted(trial.overhead ?? PassOverhead())
      return sum + abs(Mathematics.naturalLogarithm(predicted / trial.sample.row.value))
    } / Double(trials.count)
  }

  // MARK: what is left out

  typealias Trial = (sample: StepSample, overhead: PassOverhead?)

  /// Each row with constants that were fitted without the rows that have its key; nothing where all have one.
  private func leftOut(_ set: [PassOverhead.Constant], _ key: (StepSample) -> String) -> [Trial] {
    let groups = Dictionary(grouping: samples, by: key)
    guard groups.count > 1 else { return [] }
    return groups.sorted { $0.key < $1.key }.flatMap { name, members in
      let fitted = StepCalibrator.fit(set, samples.filter { key($0) != name })
      return members.map { ($0, fitted) }
    }
  }

  /// Each fifth row with constants of the others, where no model and no GPU can be left out.
  private func folded(_ set: [PassOverhead.Constant]) -> [Trial] {
    (0..<5).flatMap { fold in
      let fitted = StepCalibrator.fit(set, samples.enumerated().filter { $0.offset % 5 != fold }.map(\.element))
      return samples.enumerated().filter { $0.offset % 5 == fold }.map { ($0.element, fitted) }
    }
  }

  private static func errors(_ trials: [Trial]) -> ErrorStatistics? {
    ErrorStatistics(
      predicted: trials.map { $0.sample.fitted($0.overhead ?? PassOverhead()) },
      measured: trials.map(\.sample.row.value))
  }
}

extension PassOverhead {
  typealias Constant = WritableKeyPath<PassOverhead, Double> & Sendable

  /// More than any engine takes, s: 20 ms a pass, sequence or doubling of ranks, 100 µs a kernel.
  fileprivate static func most(_ path: Constant) -> Double {
    path == \.perKernel || path == \.launchFloor ? 1e-4 : 2e-2
  }
}

extension HeldOutErrors {
  /// Errors of rows that were left out, by metric; no entry for fewer rows than say anything of quantiles.
  fileprivate static func ofSteps(_ trials: [StepCalibrator.Trial]) -> [EngineMetric: HeldOutErrors] {
    var found: [EngineMetric: HeldOutErrors] = [:]
    for (metric, members) in Dictionary(grouping: trials, by: { $0.sample.row.metric }) where members.count >= 10 {
      let predicted = members.map { $0.sample.fitted($0.overhead ?? PassOverhead()) }
      let measured = members.map(\.sample.row.value)
      guard let errors = ErrorStatistics(predicted: predicted, measured: measured) else { continue }
      let logarithms = zip(measured, predicted).map { Mathematics.naturalLogarithm($0 / $1) }.sorted()
      let bin = Bin(
        upTo: .infinity, rows: members.count,
        quantiles: levels.map { ErrorStatistics.quantile($0, ofSorted: logarithms) })
      let held = HeldOutErrors(mape: errors.mape, bias: errors.bias, bins: [bin])
      if held.isPlausible { found[metric] = held }
    }
    return found
  }
}
