/// A row's operator and the calibration entry that times its kernel: what reports and comparisons ask about a time.
package struct TimedRow: Sendable {
  package let value: Operator<Count>
  package let conditions: KernelConditions
  package let found: CalibrationSet.Found

  /// nil for an operator that no time model describes, or that nobody has constants for.
  package init?(_ value: Operator<Count>, by time: CalibratedTime) {
    guard let found = time.found(value) else { return nil }
    self.value = value
    conditions = time.options.conditions
    self.found = found
  }

  /// The parts of the kernel's own time.
  package var parts: [TimePart] { found.model.parts(of: value, conditions) }

  /// What was chosen on the way to it.
  package var choices: [(name: String, value: String)] { found.model.choices(of: value, conditions) }

  /// Factors on the row's time between which a share of measurements of such kernels lies; nil where there is no telling.
  package func interval(_ prediction: OperatorPrediction, by time: CalibratedTime) -> ClosedRange<Double>? {
    // What is no finite range is none.
    guard let factors = factors(prediction, by: time), (prediction.seconds * factors.upperBound).isFinite else {
      return nil
    }
    return factors
  }

  private func factors(_ prediction: OperatorPrediction, by time: CalibratedTime) -> ClosedRange<Double>? {
    switch prediction.basis {
    case .anchored:
      time.correction?.interval(value, family: found.entry.key.family, share: time.options.interval)
    case .calibrated:
      found.heldOut?.factors(at: prediction.seconds, share: time.options.interval)
    case .ideal, .clamped, .uncalibrated: nil
    }
  }
}

extension PhaseAnalysis {
  /// The kernels behind the rows, row by row; nil where nobody has constants for one.
  package func timedRows(by time: CalibratedTime) -> [TimedRow?] {
    operators.map { TimedRow($0.row.kernel, by: time) }
  }

  /// The range of the pass's time if all rows err alike: the sum of the rows' ends; nil where the constants of a row are of another
  /// generation or head dim. Rows that keep their ideal time, keep it here, too.
  package func interval(by time: CalibratedTime) -> (low: Seconds, high: Seconds)? {
    var (low, high) = (0.0, 0.0)
    for (row, timed) in zip(operators, timedRows(by: time)) {
      guard let own = row.time, timed.map({ !$0.found.isOtherGeneration && $0.found.otherHeadDim == nil }) != false
      else {
        return nil
      }
      let factors = timed?.interval(row.prediction, by: time) ?? 1...1
      let times = Double(row.occurrences.value)
      low += own.value * factors.lowerBound * times
      high += own.value * factors.upperBound * times
    }
    return (Seconds(low), Seconds(high))
  }
}

extension Notice {
  /// What a reader of calibrated times should know.
  package static func calibration(_ time: CalibratedTime, _ rows: [RowPrediction]) -> [Notice] {
    calibration(time, rows.map { ($0.name.rawValue, $0.prediction, TimedRow($0.row.kernel, by: time), $0.row.kernel) })
  }

  /// The same of rows by themselves.
  static func calibration(
    _ time: CalibratedTime,
    _ rows: [(name: String, prediction: OperatorPrediction, timed: TimedRow?, value: Operator<Count>)]
  ) -> [Notice] {
    var borrowed: [String: [String]] = [:]
    var others: [Notice] = []
    var graphs: [String] = []
    var uncalibrated: [String] = []
    var eagerOnly: [String] = []
    var clamped: [String] = []
    var standIns: [String] = []
    func add(_ name: String, to list: inout [String]) { if !list.contains(name) { list.append(name) } }
    for (name, prediction, timed, value) in rows where prediction.time != nil {
      if prediction.basis == .uncalibrated, !eagerOnly.contains(name), !uncalibrated.contains(name) {
        let isEagerOnly =
          timed == nil && time.options.conditions.launch == .graph && time.hasConstants(value, launched: .eager)
        if isEagerOnly { add(name, to: &eagerOnly) } else { add(name, to: &uncalibrated) }
      }
      if prediction.basis == .clamped { add(name, to: &clamped) }
      guard let timed else { continue }
      let key = timed.found.entry.key
      let kernel = "\(key.operation?.rawValue ?? key.kind.rawValue) (\(key.family.name))"
      if let from = timed.found.borrowedFrom { add(kernel, to: &borrowed[from, default: []]) }
      if timed.found.standIn != nil { add(name, to: &standIns) }
      if let fitted = timed.found.otherHeadDim {
        let notice = Notice.otherHeadDim(family: key.family.name, fitted: fitted)
        if !others.contains(notice) { others.append(notice) }
      }
      if time.options.conditions.launch == .eager, key.launch != .eager { add(kernel, to: &graphs) }
    }
    var notices = borrowed.sorted { $0.key < $1.key }.map { from, kernels in
      let donor = time.set.layers.first { $0.hardware == from }
      return Notice.borrowedConstants(
        from: from, isSameGeneration: donor?.computeCapability == time.set.capability, kernels: kernels)
    }
    notices += others
    if !standIns.isEmpty { notices.append(.standIn(rows: standIns, constants: OperatorKind.rmsNorm.rawValue)) }
    if !graphs.isEmpty { notices.append(.graphConstants(kernels: graphs)) }
    if !eagerOnly.isEmpty { notices.append(.eagerConstantsOnly(rows: eagerOnly)) }
    if !uncalibrated.isEmpty { notices.append(.uncalibrated(rows: uncalibrated)) }
    if !clamped.isEmpty { notices.append(.clamped(rows: clamped)) }
    return notices + (time.correction?.remarks ?? []).map { .observations($0) }
  }
}
