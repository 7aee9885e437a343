import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTraces

/// A trace beside the prediction of the passes that it holds.
package struct TraceFindings: Sendable {
  package let trace: Trace
  package let passes: TracePasses
  package let match: TraceMatch
  /// nil without a model, a GPU, or a size.
  package let prediction: TracePrediction?
  /// What the run was taken to be, and by whom.
  package let facts: [Fact]
  /// Why nothing is predicted, and other remarks.
  package let remarks: [String]

  /// A fact of the run, and where it was read.
  package struct Fact: Hashable, Sendable {
    package let name, value, source: String

    /// The name of the fact which GPU it is.
    package static let gpu = "GPU"

    package init(_ name: String, _ value: String, _ source: String) {
      self.name = name
      self.value = value
      self.source = source
    }
  }

  package init(
    _ trace: Trace, _ passes: TracePasses, _ match: TraceMatch, _ prediction: TracePrediction?, facts: [Fact],
    remarks: [String]
  ) {
    self.trace = trace
    self.passes = passes
    self.match = match
    self.prediction = prediction
    self.facts = facts
    self.remarks = remarks
  }

  /// The file's name without its folders.
  var name: String { trace.file.split(separator: "/").last.map(String.init) ?? trace.file }

  /// How many passes the kernels are of: as marked, else as often as the longest row ran in whole passes.
  var passCount: Double {
    guard passes.marked == nil, let prediction else { return Double(max(passes.passes.count, 1)) }
    let longest = zip(match.observed, prediction.rows).max { $0.0.seconds < $1.0.seconds }
    guard let (observed, row) = longest, row.occurrences > 0 else { return 1 }
    return max(1, (Double(observed.calls) / Double(row.occurrences)).rounded())
  }

  /// What sums of times are of.
  var extent: String { passes.marked == nil && prediction == nil ? "in all" : "a pass" }

  // MARK: rows

  /// A row of the model beside its kernels.
  struct Line: Sendable {
    let operation: String
    /// In a pass, as the model has it.
    let occurrences: UInt64
    /// In a pass, as it was seen.
    let calls: Double
    let bound: Bound?
    /// Of a call, s.
    let roof: Double?
    let predicted: Double?
    let interval: ClosedRange<Double>?
    let basis: TimeBasis
    /// Of a call, s; nil where no kernel was found.
    let observed: Double?
    let kernels: [String]

    /// Of all calls of a pass, s.
    var observedInPass: Double? { observed.map { $0 * calls } }
    /// What is observed above the roof in a pass, s.
    var headroom: Double? { observed.flatMap { observed in roof.map { (observed - $0) * calls } } }
    /// nil where nothing is predicted but the roof, and that is kept.
    var verdict: Comparison.Verdict? {
      guard let observed, observed > 0 else { return nil }
      let isPredicted = basis != .ideal && basis != .uncalibrated
      let verdict = Comparison.verdict(predicted: predicted ?? observed, observed: observed, ideal: roof)
      if verdict == .fasterThanRoof { return verdict }
      if interval?.contains(observed) == true { return .ok }
      return isPredicted ? verdict : nil
    }
    var shareOfRoof: Double? { observed.flatMap { observed in roof.map { observed > 0 ? $0 / observed : 0 } } }
  }

  /// The model's rows, those with most to gain first; then those without a kernel.
  func lines() -> [Line] {
    guard let prediction else { return [] }
    let (analysis, count) = (prediction.analysis, passCount)
    let lines = zip(prediction.rows, match.observed).map { row, seen in
      Line(
        operation: row.label, occurrences: row.occurrences, calls: Double(seen.calls) / count,
        bound: row.bound(analysis), roof: row.roof(analysis),
        predicted: analysis.calibrated == nil ? nil : row.seconds,
        interval: analysis.calibrated.flatMap { row.interval(by: $0) }, basis: row.basis,
        observed: seen.calls > 0 ? seen.seconds / Double(seen.calls) : nil, kernels: seen.names)
    }
    let (found, missing) = (lines.filter { $0.observed != nil }, lines.filter { $0.observed == nil })
    return found.sorted { ($0.headroom ?? 0) > ($1.headroom ?? 0) } + missing
  }

  // MARK: all kernels

  /// Kernels that are no row's, by what they do.
  struct Other: Sendable {
    let name: String
    let isKnown: Bool
    let launches: Double
    /// In a pass, s.
    let seconds: Double
  }

  /// Longest first, what nobody knows last.
  func others() -> [Other] {
    var sums: [String: (isKnown: Bool, launches: UInt64, seconds: Double)] = [:]
    for entry in match.entries {
      let key: (String, Bool)
      switch entry.verdict {
      case .row, .part, .again, .operation: continue
      case .known(let group):
        key = (entry.activity == .kernel ? "\(group.rawValue) kernels" : "\(group.rawValue) engine", true)
      case .unknown: key = ("unknown kernels", false)
      }
      var sum = sums[key.0] ?? (key.1, 0, 0)
      sum.launches += entry.launches
      sum.seconds += entry.seconds
      sums[key.0] = sum
    }
    let count = passCount
    return sums.map {
      Other(
        name: $0.key, isKnown: $0.value.isKnown, launches: Double($0.value.launches) / count,
        seconds: $0.value.seconds / count)
    }.sorted { ($0.isKnown ? 1 : 0, $0.seconds, $1.name) > ($1.isKnown ? 1 : 0, $1.seconds, $0.name) }
  }

  /// Of all kernels and copies in a pass, s.
  var secondsInPass: Double { (match.kernelSeconds + match.copySeconds) / passCount }

  func label(of verdict: TraceMatch.Verdict) -> (row: String, status: String) {
    switch verdict {
    case .row(let row), .part(let row), .again(let row), .operation(let row):
      (prediction?.rows[row].label ?? "", "matched")
    case .known(let group): (group.rawValue, "known")
    case .unknown: ("", "unknown")
    }
  }
}
