import RooflineCore

/// Times of a run's kernels from the calibrations of its GPU: the entries are looked up once, the kernels of every row after that are
/// arithmetic.
package final class CalibratedTime: Sendable {
  /// What a run says about its kernels.
  package struct Options: Hashable, Sendable {
    /// Under which its kernels run.
    package var conditions = KernelConditions()
    /// The library of a kind, where it is not the calibration's first.
    package var families: [KernelKind: KernelLibrary] = [:]
    /// The share of measurements that an interval holds.
    package var interval = 0.9

    package init() {}
  }

  package let set: CalibrationSet
  package let options: Options
  /// Observations near a kernel that correct its time; nil: calibrated times stand as they are.
  package let correction: (any TimeCorrection)?
  /// Whether there is one: to look at it each time would copy it.
  private let isCorrected: Bool
  /// Those of the run's operators that somebody has constants for, and their entries.
  private let subjects: [KernelSubject]
  private let entries: [any KernelEntries]

  /// - Parameter operators: of the run, one a subject at least; an operator of another subject has no time.
  package init(
    _ set: CalibrationSet, of operators: [Operator<Count>], options: Options, correction: (any TimeCorrection)? = nil
  ) {
    self.set = set
    self.options = options
    self.correction = correction
    isCorrected = correction != nil
    let search = Search(set: set, options: options)
    var asked: Set<KernelSubject> = []
    entries = operators.compactMap { value in
      guard let subject = value.subject, asked.insert(subject).inserted else { return nil }
      return value.timeModel?.entries(of: value, search)
    }
    subjects = entries.map(\.subject)
  }

  /// The entry that predicts an operator's kernel; nil where there is none.
  package func found(_ value: Operator<Count>) -> CalibrationSet.Found? {
    guard let subject = value.subject, let place = place(of: subject) else { return nil }
    return entries[place].found(value, processors: set.facts.streamingMultiprocessors)
  }

  /// The place of a subject and its entries; nil where there are none.
  @inline(__always)
  private func place(of subject: KernelSubject) -> Int? {
    // Every row asks: of most subjects these two differ already.
    subjects.firstIndex { $0.kind == subject.kind && $0.operation == subject.operation && $0 == subject }
  }

  /// Whether somebody has constants for an operator's kernel where it is launched otherwise.
  package func hasConstants(_ value: Operator<Count>, launched launch: Launch) -> Bool {
    var changed = options
    changed.conditions.launch = launch
    return CalibratedTime(set, of: [value], options: changed).found(value) != nil
  }

  /// An operator's time by its entry; nil where there is none. Asked through the operator's model, which knows its own type.
  func timing<Model: KernelTimeModel>(of value: Operator<Count>, by model: Model.Type) -> KernelTiming? {
    guard let work = Model.work(value), let place = place(of: Model.subject(work)),
      let entry = (entries[place] as? ModelEntries<Model>)?
        .entry(work, processors: set.facts.streamingMultiprocessors)
    else { return nil }
    return entry.model.timing(work, options.conditions)
  }

  /// The operator's time in place of its ideal one, where a calibration has constants for its kernel.
  ///
  /// In serving no kernel beats its ideal time: where the constants say so, the ideal stands and the basis says `clamped`.
  package func timed(_ value: Operator<Count>, ideal: OperatorPrediction) -> OperatorPrediction {
    var prediction = ideal
    prediction.basis = .uncalibrated
    // Without an ideal time a fact is missing, e.g. a link that joins so many GPUs: no constants make up for that.
    guard !ideal.seconds.isNaN, var timing = value.timeModel?.timing(of: value, by: self), timing.seconds.isFinite,
      timing.seconds > 0
    else { return prediction }
    prediction.basis = .calibrated
    if isCorrected, let factor = factor(value) {
      timing.seconds *= factor
      prediction.basis = .anchored
    }
    if options.conditions.cache == .serving, timing.seconds < ideal.seconds {
      prediction.basis = .clamped
      return prediction
    }
    prediction.seconds = timing.seconds
    if timing.exposed * 2 > timing.seconds { prediction.bound = .latency }
    return prediction
  }

  /// What observations near a kernel multiply its time by; nil where there are none.
  private func factor(_ value: Operator<Count>) -> Double? {
    found(value).flatMap { correction?.factor(value, family: $0.entry.key.family) }
  }
}

/// A correction of calibrated times by observations.
package protocol TimeCorrection: Sendable {
  /// What a reader should know of the observations; a sentence each.
  var remarks: [String] { get }

  /// What to multiply a kernel's calibrated time by; nil where nothing is near it.
  func factor(_ value: Operator<Count>, family: KernelLibrary) -> Double?

  /// Factors on the corrected time between which a share of measurements lies; nil where there is no telling.
  func interval(_ value: Operator<Count>, family: KernelLibrary, share: Double) -> ClosedRange<Double>?
}
