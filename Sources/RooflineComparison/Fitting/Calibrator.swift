import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// Turns measurements into calibration entries, and says how good they are.
package struct Calibrator: Sendable {
  package let hardware: HardwareSpec
  package let facts: DeviceFacts
  package let generation: GPUGeneration
  package let capability: ComputeCapability
  /// What fits shrink to; nil: nothing is known before.
  package let prior: CalibrationSet?
  /// Whether fits shrink to the prior; otherwise they only begin at it.
  package let shrinks: Bool
  /// Kernels of any library on any GPU, which tell how a kernel that nobody timed may be cut.
  package let relatives: [Calibration]

  /// Fewer rows than this say too little about an entry's constants.
  package static let leastRows = 12
  /// The same where constants of a sibling pull them.
  static let leastRowsBesideSiblings = 8
  /// More rows than this are thinned out evenly: constants do not get better by them.
  static let mostRows = 800
  static let folds = 5
  /// A row this many residual scales off, and nearly twice or half the prediction, is an accident.
  static let outlierScales = 6.0
  static let outlierRatio = 1.9

  /// - Throws: `InputError.missingFacts` where the GPU's file lacks a fact that the models need.
  package init(
    _ hardware: HardwareSpec, prior: CalibrationSet?, shrinks: Bool = true, relatives: [Calibration] = []
  ) throws(InputError) {
    self.hardware = hardware
    let set = try CalibrationSet(hardware, layers: [])
    facts = set.facts
    generation = set.generation
    capability = set.capability
    self.prior = prior
    self.shrinks = shrinks
    self.relatives = relatives
  }

  /// What came of one group of measurements.
  package struct Outcome: Sendable {
    package var key: Calibration.Key
    package var rows, groups: Int
    /// Errors of the prior on these rows, rejected ones aside; nil without one.
    package var before: ErrorStatistics?
    /// Errors on groups of shapes left out while fitting; nil where there were too few groups.
    package var after: ErrorStatistics?
    /// Constants of the entry that stand at a bound.
    package var atBound: [ConstantAtBound] = []
    /// Rows that must be accidents.
    package var rejected: [Observation] = []
    /// Rows that took less than half of what the datasheet's rates allow; nobody fits to them.
    package var impossible: [Observation] = []
    /// The fitted constants, or the prior's where they are better; nil where nothing could be fitted.
    package var entry: Calibration.Entry?
    /// Why there is no entry, or what the reader should know of it.
    package var remark: String?
  }

  /// Groups of measurements that one entry describes, each with its rows; both in an order that does not depend on the file's.
  package func groups(_ observations: [Observation]) -> [(key: Calibration.Key, rows: [Observation])] {
    var known: [Calibration.Key: Calibration.Key] = [:]
    var groups: [Calibration.Key: [Observation]] = [:]
    for observation in observations {
      guard
        let key = Calibration.Key(
          observation.value, family: observation.family, launch: observation.conditions.launch,
          processors: facts.streamingMultiprocessors)
      else { continue }
      let entry = known[key] ?? entryKey(of: observation, key)
      known[key] = entry
      groups[entry, default: []].append(observation)
    }
    return groups.map { key, rows in
      // The median over software stacks, where a file has it, is the target; one stack's deviations from it are not.
      let consensus = rows.filter { $0.source == "consensus" }
      return (key, (consensus.isEmpty ? rows : consensus).sorted { $0.sortKey < $1.sortKey })
    }
    .sorted { $0.key.title < $1.key.title }
  }

  /// The prior's division of a family's kernels; windows are told apart only where the prior tells them apart.
  private func entryKey(of observation: Observation, _ own: Calibration.Key) -> Calibration.Key {
    var key = own
    let found = prior?.find(observation.value, family: observation.family, launch: own.launch)
    let isDivided =
      found.map { $0.otherHeadDim == nil && $0.entry.key.isWindowed == own.isWindowed } ?? false
    if !isDivided { key.isWindowed = nil }
    return key
  }

  /// What came of all groups of measurements, in the order of the groups. The largest are fitted first: few rows of a library's kernel
  /// for another format or width of heads say how it differs from one that is known.
  package func calibrate(_ observations: [Observation]) -> [Outcome] {
    let groups = groups(observations)
    var outcomes: [Calibration.Key: Outcome] = [:]
    for group in groups.sorted(by: { ($1.rows.count, $0.key.title) < ($0.rows.count, $1.key.title) }) {
      let siblings = outcomes.values.compactMap(\.entry).filter { $0.key.isSibling(of: group.key) }
      outcomes[group.key] = calibrate(group.key, group.rows, siblings: siblings.sorted { $0.key.title < $1.key.title })
    }
    return groups.compactMap { outcomes[$0.key] }
  }

  /// - Parameter siblings: entries of this GPU and library for other formats or heads.
  package func calibrate(
    _ key: Calibration.Key, _ given: [Observation], siblings: [Calibration.Entry] = []
  ) -> Outcome {
    // Sizes at which the time model itself gives up say nothing about its constants.
    let standard = Calibration.Constants.standard(key)
    let described =
      standard?.model(facts, generation: generation).map { model in
        given.filter { model.seconds(of: $0).isFinite }
      } ?? given
    let impossible = described.filter(isImpossible)
    guard impossible.count * 10 <= described.count else {
      var outcome = Outcome(key: key, rows: described.count, groups: Set(described.map(\.shapeGroup)).count)
      outcome.impossible = impossible
      outcome.remark =
        "\(impossible.count) of \(described.count) rows took less than half of what the datasheet's rates allow; is time_us in microseconds?"
      return outcome
    }
    let all = impossible.isEmpty ? described : described.filter { !isImpossible($0) }
    let shapes = Set(all.map(\.shapeGroup))
    var outcome = Outcome(key: key, rows: all.count, groups: shapes.count)
    outcome.impossible = impossible
    let found = all.first.flatMap { prior?.find($0.value, family: key.family, launch: key.launch) }
    let isSister = found.map { $0.entry.key.family == key.family && !$0.isOtherGeneration } == true
    let usualPull: EntryFit.Pull = !shrinks ? .none : isSister ? .strong : .weak
    func error(ofPriorOn rows: [Observation]) -> ErrorStatistics? {
      found.flatMap { found in
        ErrorStatistics(
          predicted: rows.map { found.model.seconds(of: $0) }, measured: rows.map(\.seconds))
      }
    }
    outcome.before = error(ofPriorOn: all)
    let least = isSister || !shrinks ? Calibrator.leastRows : leastRows(key, siblings: siblings)
    guard all.count >= least else {
      outcome.remark = "\(all.count) row\(all.count == 1 ? "" : "s"); a fit needs \(least)"
      return outcome
    }
    let fit = EntryFit(key, facts: facts, generation: generation)
    // Without constants of the library itself, what its name tells is the place to begin, or the kernel that is most like it.
    let usual = (found?.constants ?? standard).map { Start(constants: $0, pull: usualPull) }
    let start = isSister || !shrinks ? usual : mostAlike(key, all, fit, usual: usual, siblings: siblings)
    let base = start?.constants
    let pull = start?.pull ?? usualPull
    outcome.remark = start?.sibling.map { "pulled to the constants of \($0.title)" }
    let thinned = Calibrator.thin(all, to: Calibrator.mostRows)
    guard let first = fit.fit(thinned, prior: base, pull: pull) else {
      outcome.remark = "no time model for \(key.family.name) on compute capability \(capability)"
      return outcome
    }
    let (rows, rejected) = split(all, by: first, key)
    outcome.rejected = rejected
    // Both errors are of the same rows, so that accidents do not make the prior look bad.
    outcome.before = error(ofPriorOn: rows)
    let kept = Calibrator.thin(rows, to: Calibrator.mostRows)
    let final = rejected.isEmpty ? first : fit.fit(kept, prior: base, pull: pull) ?? first
    outcome.atBound = final.atBound

    let heldOut = leaveGroupsOut(rows, fit, from: final.constants, prior: base, pull: pull)
    outcome.after = heldOut.flatMap { pairs in
      ErrorStatistics(predicted: pairs.map(\.predicted), measured: pairs.map(\.measured))
    }
    if let before = outcome.before, let after = outcome.after, !(after.mape <= before.mape) {
      guard !shrinks else {
        outcome.remark = "kept the prior: fitted constants are worse on shapes left out"
        outcome.entry = found.map { keeping($0, key, all) }
        outcome.atBound = ConstantAtBound.list(
          of: found?.constants ?? final.constants, moved: [], prior: found?.constants)
        return refusing(outcome, error: before.mape, of: "the prior's error")
      }
      outcome.remark = "worse than the prior on shapes left out"
    }
    if outcome.after == nil { outcome.remark = "too few different shapes to leave any out; its error is unknown" }
    outcome.entry = Calibration.Entry(
      key, final.constants, fit: .init(data: Calibrator.sources(of: rows), rows: rows.count, groups: shapes.count),
      // A handful of errors makes no interval.
      heldOut: rows.count < Calibrator.leastRows ? nil : heldOut.flatMap { HeldOutErrors(pairs: $0) })
    guard let after = outcome.after else {
      let error = heldOut == nil ? mape(of: final.constants, on: rows) : .infinity
      return refusing(outcome, error: error, of: "its error")
    }
    return refusing(outcome, error: after.mape, of: "its error on shapes left out")
  }

  /// The prior's constants, with the errors that they have on these rows.
  private func keeping(
    _ found: CalibrationSet.Found, _ key: Calibration.Key, _ rows: [Observation]
  ) -> Calibration.Entry {
    Calibration.Entry(
      key, found.constants, fit: found.entry.fit,
      heldOut: HeldOutErrors(pairs: rows.map { (found.model.seconds(of: $0), $0.seconds) }))
  }

  /// Whether a measurement is too far from what others say.
  ///
  /// - Parameters:
  ///   - ratio: to what is expected.
  ///   - scale: that of the others' residuals.
  static func isAccident(ratio: Double, scale: Double) -> Bool {
    let away = max(ratio, 1 / ratio)
    return away > outlierRatio && away > 1 + outlierScales * scale
  }

  /// Rows to trust, and rows that must be accidents: alone far from a fit that hardly heeds them.
  private func split(
    _ rows: [Observation], by result: EntryFit.Result, _ key: Calibration.Key
  ) -> (kept: [Observation], rejected: [Observation]) {
    guard let model = result.constants.model(facts, generation: generation) else {
      return (rows, [])
    }
    var kept: [Observation] = []
    var rejected: [Observation] = []
    for row in rows {
      let ratio = row.seconds / model.seconds(of: row)
      if Calibrator.isAccident(ratio: ratio, scale: result.scale) { rejected.append(row) } else { kept.append(row) }
    }
    // A tenth of the rows are no accidents but a model that does not fit.
    return rejected.count * 10 > rows.count ? (rows, []) : (kept, rejected)
  }

  /// Predictions of every row by constants fitted without its group of shapes; nil with too few groups.
  func leaveGroupsOut(
    _ rows: [Observation], _ fit: EntryFit, from start: Calibration.Constants, prior: Calibration.Constants?,
    pull: EntryFit.Pull
  ) -> [(predicted: Double, measured: Double)]? {
    let groups = Set(rows.map(\.shapeGroup)).sorted()
    guard groups.count >= 2 else { return nil }
    let folds = min(Calibrator.folds, groups.count)
    var fold: [String: Int] = [:]
    for (index, group) in groups.enumerated() { fold[group] = index % folds }
    var pairs: [(predicted: Double, measured: Double)] = []
    for out in 0..<folds {
      let training = rows.filter { fold[$0.shapeGroup] != out }
      guard
        let result = fit.fit(
          Calibrator.thin(training, to: Calibrator.mostRows / 2), prior: prior, starts: [start], rounds: 3,
          // A width or two left out leaves too little to fit everything by.
          pull: groups.count < 4 ? .strong : pull, explores: false),
        let model = result.constants.model(facts, generation: generation)
      else { return nil }
      for row in rows where fold[row.shapeGroup] == out {
        pairs.append((model.seconds(of: row), row.seconds))
      }
    }
    return pairs
  }

  /// Where measurements are from, in words.
  private static func sources(of rows: [Observation]) -> String {
    let sources = Set(rows.map(\.source)).sorted()
    return sources.joined(separator: ", ")
  }

  /// Every so-many-th row, so that the sorted shapes stay covered evenly.
  static func thin(_ rows: [Observation], to most: Int) -> [Observation] {
    guard rows.count > most else { return rows }
    return (0..<most).map { rows[$0 * rows.count / most] }
  }
}

extension HeldOutErrors {
  /// Quantiles of ln(measured/predicted), in bins of predicted time with enough rows each.
  init?(pairs: [(predicted: Double, measured: Double)]) {
    guard let errors = ErrorStatistics(predicted: pairs.map(\.predicted), measured: pairs.map(\.measured)) else {
      return nil
    }
    let sorted = pairs.sorted { $0.predicted < $1.predicted }
    let count = max(1, min(6, sorted.count / 60))
    var bins: [Bin] = []
    for index in 0..<count {
      let part = sorted[index * sorted.count / count..<(index + 1) * sorted.count / count]
      let residuals = part.map { RobustFit.logarithm($0.measured / $0.predicted) }.sorted()
      // The rank that a new value takes among n others: (n + 1)·level, as conformal prediction counts.
      let quantiles = HeldOutErrors.levels.map { level in
        let place = min(max(level * Double(residuals.count + 1) - 1, 0), Double(residuals.count - 1))
        return ErrorStatistics.quantile(place / Double(max(residuals.count - 1, 1)), ofSorted: residuals)
      }
      let isLast = index == count - 1
      bins.append(
        Bin(
          upTo: isLast ? .infinity : sorted[(index + 1) * sorted.count / count].predicted,
          rows: part.count, quantiles: quantiles))
    }
    self.init(mape: errors.mape, bias: errors.bias, bins: bins)
  }
}

extension KernelTimeModel {
  /// The time of an observed kernel under its conditions, s.
  func seconds(of observation: Observation) -> Double { seconds(of: observation.value, observation.conditions) }
}
