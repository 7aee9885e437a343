import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels

/// What `compare` prints: predicted beside observed.
package struct ObservationComparisonReport {
  package let comparison: Comparison
  package let hardware: HardwareSpec
  package let tolerance: Double
  package let notes: [String]

  package init(_ comparison: Comparison, hardware: HardwareSpec, tolerance: Double, notes: [String]) {
    self.comparison = comparison
    self.hardware = hardware
    self.tolerance = tolerance
    self.notes = notes + comparison.notes
  }

  package var report: Report {
    Report(
      sections: (hasKernels ? [.table(table(title: "predicted against observed on \(hardware.name)"))] : [])
        + (comparison.layers.isEmpty
          ? [] : [.table(layers.table(title: "a layer as one graph on \(hardware.name)"))]) + [.notes(Notes(lines))],
      records: .init(
        key: "hardware", [hasKernels ? table(title: hardware.name) : layers.table(title: hardware.name)]),
      document: ObservationComparisonDocument(self))
  }

  /// A file of layers alone has no table of kernels.
  private var hasKernels: Bool { !comparison.lines.isEmpty || comparison.layers.isEmpty }
  private var layers: LayerTable { LayerTable(layers: comparison.layers) }

  private func table(title: String) -> Table {
    Table(
      title: title,
      columns: [
        .init("row", key: "row", isText: true, place: .above),
        .init("family", key: "family", isText: true, place: .above),
        .init("source", key: "source", isText: true, place: .above), .init("roof", key: "roof_seconds"),
        .init("calibrated", key: "calibrated_seconds"), .init("observed", key: "observed_seconds"),
        .init("error %", key: "error"), .init("% of roof", key: "share_of_roof"),
        .init("verdict", key: "verdict", isText: true),
      ],
      rows: comparison.lines.map { line in
        .cells([
          .text(line.name), .text(line.observation.family.name), .text(line.observation.source),
          .time(line.ideal.map { Seconds($0) }), .time(Seconds(line.predicted)),
          .time(Seconds(line.observation.seconds)), .share(line.error), .share(line.shareOfRoof),
          .text(line.verdict.rawValue),
        ])
      })
  }

  private var lines: [String] {
    var lines: [String] = []
    if let statistics = comparison.statistics {
      lines.append(
        "errors   \(statistics.n) kernels, mean \(Numbers.percent(statistics.mape)) %, median \(Numbers.percent(statistics.medianApe)) %, bias \(Numbers.percent(statistics.bias)) %; largest \(Numbers.percent(comparison.worst)) %, tolerance \(Numbers.percent(tolerance)) %"
      )
    }
    lines += comparison.sums.filter { $0.measured > 0 }.map { sum in
      "sum      \(sum.pass.isEmpty ? "" : "\(sum.pass): ")\(sum.measured) of \(sum.rows) rows, as often as they run: predicted \(Numbers.time(Seconds(sum.predicted))), observed \(Numbers.time(Seconds(sum.observed))), error \(Numbers.percent(sum.error)) %; a kernel measured several times counts as their mean"
    }
    lines += layers.lines.map { word, text in "\(word)\(String(repeating: " ", count: 9 - word.count))\(text)" }
    var told: [String] = []
    var known: Set<String> = []
    for line in comparison.lines where !line.suspects.isEmpty {
      let text =
        "\(line.verdict.rawValue): \(line.name) (\(line.observation.family.name)): \(line.suspects.joined(separator: "; "))"
      if known.insert(text).inserted { told.append(text) }
    }
    lines += told.prefix(20).map { "suspect  \($0)" }
    if told.count > 20 { lines.append("suspect  and \(told.count - 20) more; json has them all") }
    lines += comparison.unmeasured.map { "missing  \($0.name): \($0.reason)" }
    lines += comparison.unpredicted.map { "left out \(Numbers.counted(UInt64($0.n), "row")): \($0.reason)" }
    return lines + notes.map { "note     \($0)" }
  }
}

/// The JSON of `compare`, schema version 1.
struct ObservationComparisonDocument: Encodable {
  struct Line: Encodable {
    let row, kernel, family, source: String
    @Nullable var roofSeconds: Double?
    let calibratedSeconds, observedSeconds, error: Double
    @Nullable var shareOfRoof: Double?
    let verdict: String
    let suspects: [String]
  }

  struct Unmatched: Encodable {
    let name, reason: String
  }

  struct SumEntry: Encodable {
    let phase: String
    let rows, measuredRows: Int
    /// null where nothing was measured.
    @Nullable var calibratedSeconds: Double?
    @Nullable var observedSeconds: Double?

    init(_ sum: Comparison.Sum) {
      (phase, rows, measuredRows) = (sum.pass, sum.rows, sum.measured)
      calibratedSeconds = sum.measured > 0 ? sum.predicted : nil
      observedSeconds = sum.measured > 0 ? sum.observed : nil
    }
  }

  let schemaVersion = 1
  let hardware: String
  let tolerance: Double
  let rows: [Line]
  /// Of a model's passes.
  let sums: [SumEntry]
  /// Whole layers as one graph.
  let layers: [LayerComparisonEntry]
  let statistics: ErrorStatistics?
  let unmeasured: [Unmatched]
  let unpredicted: [ObservationFile.Skipped]
  let notes: [String]

  init(_ report: ObservationComparisonReport) {
    hardware = report.hardware.name
    tolerance = report.tolerance
    rows = report.comparison.lines.map { line in
      Line(
        row: line.name, kernel: line.observation.title, family: line.observation.family.name,
        source: line.observation.source, roofSeconds: line.ideal,
        calibratedSeconds: line.predicted, observedSeconds: line.observation.seconds,
        error: line.error, shareOfRoof: line.shareOfRoof, verdict: line.verdict.rawValue, suspects: line.suspects)
    }
    sums = report.comparison.sums.map(SumEntry.init)
    layers = report.comparison.layers.map(LayerComparisonEntry.init)
    statistics = report.comparison.statistics
    unmeasured = report.comparison.unmeasured.map { Unmatched(name: $0.name, reason: $0.reason) }
    unpredicted = report.comparison.unpredicted
    notes = report.notes
  }
}
