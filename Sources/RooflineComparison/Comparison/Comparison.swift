import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// Predicted beside observed, kernel by kernel.
package struct Comparison: Sendable {
  /// What a difference is called.
  package enum Verdict: String, Hashable, Sendable, CaseIterable {
    case ok
    case slower
    case faster
    /// Beyond what the datasheet allows: the measurement, the spec or the shape is wrong, or data stayed in a cache.
    case fasterThanRoof = "faster than its roof"
  }

  package struct Line: Sendable {
    /// The row of the model, or the kernel's kind.
    package var name: String
    package var observation: Observation
    /// At the datasheet's rates, s; nil where one is missing.
    package var ideal: Double?
    /// Under the conditions of the measurement, s.
    package var predicted: Double
    package var verdict: Verdict
    /// What may be behind it, likeliest first; empty where the verdict is `ok`.
    package var suspects: [String]

    /// predicted/observed − 1.
    package var error: Double { predicted / observation.seconds - 1 }
    package var shareOfRoof: Double? { ideal.map { $0 / observation.seconds } }
  }

  /// A row of the model that was not measured, and why there is no more to say.
  package struct Unmatched: Hashable, Sendable {
    package var name: String
    package var reason: String
  }

  /// A row of a model's pass.
  package struct Row: Sendable {
    package let pass: String
    package let name: String
    package let value: Operator<Count>
    package let occurrences: Count

    package init(pass: String, name: String, value: Operator<Count>, occurrences: Count) {
      self.pass = pass
      self.name = name
      self.value = value
      self.occurrences = occurrences
    }
  }

  /// What the measured rows of a pass add up to, all of their occurrences, one after another.
  package struct Sum: Sendable {
    package let pass: String
    /// Rows that were measured, and all rows.
    package var measured = 0
    package var rows = 0
    /// s; of a row that was measured several times, the mean.
    package var predicted = 0.0
    package var observed = 0.0

    package var error: Double { predicted / observed - 1 }
  }

  package var lines: [Line]
  /// A pass each; empty where there is no model.
  package var sums: [Sum] = []
  package var unmeasured: [Unmatched]
  /// Whole layers as one graph.
  package var layers: [LayerComparison] = []
  /// Measurements of no row, by what they are.
  package var unpredicted: [ObservationFile.Skipped]
  /// Whose constants predicted.
  package var notes: [String]

  /// Within this share a prediction counts as right.
  static let tolerance = 0.15
  /// Measurements this far beyond a roof are no noise.
  static let roofTolerance = 0.05

  /// The largest |error| of all lines.
  package var worst: Double { (lines.map(\.error) + layers.compactMap(\.error)).map(abs).max() ?? 0 }
  package var statistics: ErrorStatistics? {
    ErrorStatistics(predicted: lines.map(\.predicted), measured: lines.map(\.observation.seconds))
  }

  /// Every measurement on its own.
  package init(_ observations: [Observation], set: CalibrationSet, skipped: [ObservationFile.Skipped]) {
    var matcher = Matcher(set)
    lines = observations.compactMap { matcher.line($0.title, $0) }
    unmeasured = []
    unpredicted = matcher.reasons + skipped
    notes = matcher.predictor.notes
  }

  /// A model's rows against the measurements of their kernels. Rows with one kernel share its lines: each measurement stands once.
  package init(
    _ rows: [Row], _ observations: [Observation], set: CalibrationSet,
    skipped: [ObservationFile.Skipped]
  ) {
    var matcher = Matcher(set)
    var byKernel: [Identity: [Observation]] = [:]
    for observation in observations {
      if let identity = Identity(observation.value) { byKernel[identity, default: []].append(observation) }
    }
    unmeasured = []
    var order: [Identity] = []
    var measured: [Identity: [Row]] = [:]
    for row in rows {
      guard let identity = Identity(row.value), let title = row.value.place?.title else {
        unmeasured.append(Unmatched(name: Comparison.name(of: [row]), reason: "no measured kernel stands for it"))
        continue
      }
      guard byKernel[identity] != nil else {
        unmeasured.append(Unmatched(name: Comparison.name(of: [row]), reason: "no measurement of \(title)"))
        continue
      }
      if measured[identity] == nil { order.append(identity) }
      measured[identity, default: []].append(row)
    }
    let matched = order.map { identity in
      let own = measured[identity] ?? []
      let name = Comparison.name(of: own)
      return (rows: own, lines: (byKernel[identity] ?? []).compactMap { matcher.line(name, $0) })
    }
    lines = matched.flatMap(\.lines)
    sums = Comparison.sums(rows, matched)
    let others = observations.filter { Identity($0.value).map { measured[$0] == nil } ?? true }
    unpredicted = matcher.reasons + skipped
    notes = matcher.predictor.notes
    if !others.isEmpty {
      let examples = others.prefix(3).map(\.title).joined(separator: "; ")
      unpredicted.append(.init(reason: "measurements of no row of the model, e.g. \(examples)", n: others.count))
    }
  }

  /// The comparison with whole layers, beside the kernels of which they are.
  package func adding(
    _ layers: [MeasuredLayer], set: CalibrationSet, measured observations: [Observation]
  ) -> Comparison {
    var comparison = self
    var predictor = ObservationPredictor(set)
    comparison.layers = layers.map { LayerComparison($0, &predictor, measured: observations) }
    comparison.notes += predictor.notes.filter { !comparison.notes.contains($0) }
    return comparison
  }

  /// `prefill k_proj, v_proj, decode norm`: each pass once.
  private static func name(of rows: [Row]) -> String {
    var pass = ""
    return rows.map { row in
      defer { pass = row.pass }
      return row.pass == pass || row.pass.isEmpty ? row.name : "\(row.pass) \(row.name)"
    }.joined(separator: ", ")
  }

  private static func sums(_ rows: [Row], _ matched: [(rows: [Row], lines: [Line])]) -> [Sum] {
    var sums: [Sum] = []
    for row in rows {
      if sums.last?.pass != row.pass { sums.append(Sum(pass: row.pass)) }
      sums[sums.count - 1].rows += 1
    }
    for (rows, lines) in matched where !lines.isEmpty {
      let predicted = lines.reduce(0) { $0 + $1.predicted } / Double(lines.count)
      let observed = lines.reduce(0) { $0 + $1.observation.seconds } / Double(lines.count)
      for row in rows {
        guard let place = sums.firstIndex(where: { $0.pass == row.pass }) else { continue }
        sums[place].measured += 1
        sums[place].predicted += predicted * Double(row.occurrences.value)
        sums[place].observed += observed * Double(row.occurrences.value)
      }
    }
    return sums
  }

  /// Puts a prediction beside a measurement.
  private struct Matcher {
    let set: CalibrationSet
    var predictor: ObservationPredictor
    private var counts: [String: Int] = [:]

    init(_ set: CalibrationSet) {
      self.set = set
      predictor = ObservationPredictor(set)
    }

    var reasons: [ObservationFile.Skipped] {
      counts.sorted { $0.key < $1.key }.map { .init(reason: $0.key, n: $0.value) }
    }

    mutating func line(_ name: String, _ observation: Observation) -> Line? {
      switch predictor.predict(observation, interval: 0.9) {
      case .failure(let skip):
        counts[skip.reason, default: 0] += 1
        return nil
      case .success(let prediction):
        let ideal = observation.value.idealSeconds(set.hardware, RateOptions())
        let verdict = Comparison.verdict(
          predicted: prediction.seconds, observed: observation.seconds, ideal: ideal)
        return Line(
          name: name, observation: observation, ideal: ideal, predicted: prediction.seconds, verdict: verdict,
          suspects: suspects(observation, prediction.seconds, verdict))
      }
    }

    private mutating func suspects(_ observation: Observation, _ predicted: Double, _ verdict: Verdict) -> [String] {
      let observed = observation.seconds
      let isCollective = if case .collective = observation.value { true } else { false }
      switch verdict {
      case .ok: return []
      case .fasterThanRoof:
        return [
          isCollective ? "reduction in the switch" : "data still in a cache",
          "another GPU than the file says", "another shape",
        ]
      case .faster:
        return ["a newer library", isCollective ? "more links" : "data still in a cache"]
      case .slower:
        var suspects: [String] = []
        let (value, conditions) = (observation.value, observation.conditions)
        if let found = predictor.found(observation), found.standIn == nil {
          let coldTime = found.model.seconds(of: value, conditions.with(.serving))
          if coldTime > predicted * 1.05, abs(coldTime / observed - 1) < Comparison.tolerance {
            suspects.append("residency: cold weights or cache would take \(rounded(coldTime)) µs")
          }
          if let timing = found.model.timing(of: value, conditions), timing.exposed > 0.3 * timing.seconds {
            suspects.append(
              "floor: launching and waiting are \(Int((timing.exposed / timing.seconds * 100).rounded())) % of it")
          }
          let parts = found.model.parts(of: value, conditions).filter { ![.roof, .fixed].contains($0.name) }
          if let largest = parts.max(by: { $0.seconds < $1.seconds }), largest.seconds > 0.1 * predicted {
            suspects.append("\(largest.name.rawValue): its largest part")
          }
        }
        let quoted = set.facts.clock
        if let clock = observation.clock {
          if clock < 0.95 * quoted {
            suspects.insert(
              "clocks: ran at \(Int(clock / 1e6)) MHz, its rates are quoted at \(Int(quoted / 1e6)) MHz", at: 0)
          }
        } else {
          suspects.append("clocks: not recorded")
        }
        return suspects
      }
    }

    /// In µs.
    private func rounded(_ seconds: Double) -> String { "\((seconds * 1e7).rounded() / 10)" }
  }

  /// What a time says beside its prediction and its roof, all in s.
  package static func verdict(predicted: Double, observed: Double, ideal: Double?) -> Verdict {
    if let ideal, ideal / observed - 1 > roofTolerance { return .fasterThanRoof }
    let error = predicted / observed - 1
    if abs(error) <= tolerance { return .ok }
    return error < 0 ? .slower : .faster
  }
}

extension Comparison {
  /// Whether two operators are one kernel's, as measurements tell kernels apart.
  package static func isSame(_ first: Operator<Count>, _ second: Operator<Count>) -> Bool {
    guard let identity = Identity(first) else { return false }
    return identity == Identity(second)
  }

  /// Shape and formats alone: how often a weight comes round, what is warm, and which of the 16-bit formats it is do not tell kernels
  /// apart.
  struct Identity: Hashable {
    private let subject: KernelSubject
    private let sizes: [Double]

    /// nil for an operator that no time model describes.
    init?(_ value: Operator<Count>) {
      guard var subject = value.subject, let place = value.place else { return nil }
      if subject.dtype == .fp16 { subject.dtype = .bf16 }
      if subject.keyValueDType == .fp16 { subject.keyValueDType = .bf16 }
      // The sizes tell which window hides keys.
      subject.isWindowed = nil
      self.subject = subject
      sizes = place.identity
    }
  }
}

extension Observation {
  /// The kernel's shape in the words of the files: `gemm m=16 n=8192 k=1024`.
  package var title: String { value.place?.title ?? value.kind.rawValue }
}
