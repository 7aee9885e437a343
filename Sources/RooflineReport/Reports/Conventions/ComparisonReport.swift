import RooflineConventions
import RooflineCore

/// What `diff` prints: each cell that differs between a note and the engine, and why.
package struct ComparisonReport {
  package let comparison: ConventionComparison
  /// The two conventions in the order asked for.
  package let conventions: [Convention]

  package init(_ comparison: ConventionComparison, conventions: [Convention]) {
    self.comparison = comparison
    self.conventions = conventions
  }

  package var report: Report {
    Report(
      title: [header], sections: tables.map { .table($0) } + [.notes(Notes(lines))],
      records: .init(key: "phase", raw), document: ComparisonDocument(self))
  }

  func value(_ difference: ConventionComparison.Difference, _ convention: Convention) -> ConventionValue {
    convention == .exact ? difference.exact : difference.note
  }

  private var header: String {
    let analysis = comparison.analysis
    let setting =
      "\(analysis.configuration.name) on \(analysis.hardware.name), tp \(analysis.workload.tensorParallel), batch \(analysis.workload.batch)"
    return
      "\(setting): \(comparison.differences.count) of \(comparison.cellCount) cells differ between \(conventions.map(\.rawValue).joined(separator: " and "))"
  }

  private var phases: [(name: String, differences: [ConventionComparison.Difference])] {
    comparison.analysis.phases.map { phase in
      let name = phase.step.phase
      return (name.rawValue, comparison.differences.filter { $0.phase == name })
    }
  }

  private var tables: [Table] {
    phases.map { name, differences in
      Table(
        title: name,
        columns: [
          .init("operator", key: "operator", isText: true), .init("column", key: "column", isText: true),
        ] + conventions.map { .init($0.rawValue, key: $0.rawValue) } + [.init("why", key: "why", isText: true)],
        rows: differences.map { difference in
          let values = texts(difference)
          let why =
            difference.reasons.isEmpty ? "unexplained" : difference.reasons.map(\.name).joined(separator: "; ")
          return .cells(
            [.text(difference.row), .text(difference.column)] + values.map { .text($0) }
              + [.text(why)])
        })
    }
  }

  private var raw: [Table] {
    phases.map { name, differences in
      Table(
        title: name,
        columns: [
          .init("operator", key: "operator", isText: true), .init("column", key: "column", isText: true),
        ] + conventions.map { .init($0.rawValue, key: $0.rawValue) } + [.init("reason", key: "reason", isText: true)],
        rows: differences.map { difference in
          .cells(
            [.text(difference.row), .text(difference.column)]
              + conventions.map { cell(value(difference, $0)) } + [.text(difference.reason)])
        })
    }
  }

  private func cell(_ value: ConventionValue) -> Table.Cell {
    switch value {
    case .count(let count): .count(count)
    case .ratio(let ratio): .ratio(ratio)
    case .bound(let bound): .bound(bound)
    }
  }

  /// Counts digit by digit; ratios rounded where they still differ then.
  private func texts(_ difference: ConventionComparison.Difference) -> [String] {
    let values = conventions.map { value(difference, $0) }
    let rounded = values.map { value in
      guard case .ratio(let ratio?) = value else { return value.description }
      return difference.column == ConventionCell.Column.performance.rawValue
        ? Numbers.scaled(ratio) : Numbers.fixed(ratio, decimals: 2)
    }
    return Set(rounded).count == rounded.count ? rounded : values.map(\.description)
  }

  /// The reasons of what the tables name, once each.
  private var lines: [String] {
    var lines = comparison.reasons.map { "why      \($0.name): \($0.sentence)" }
    let unexplained = comparison.differences.filter(\.reasons.isEmpty).count
    if unexplained > 0 { lines.append("why      unexplained: no rule gives the exact value of \(unexplained) cells") }
    let phases = comparison.analysis.phases.map(\.step.phase)
    if phases.contains(.decode) {
      let context = comparison.analysis.workload.context
      let which = comparison.convention == .llmCounts ? "all generated tokens" : "the new token"
      lines.append("note     the exact decode step attends \(context) keys, the prompt and \(which)")
    }
    if comparison.convention == .notes003 {
      lines.append("note     notes-003 counts elements, exact counts bytes of one device")
    }
    lines.append("note     only in exact: \(comparison.onlyExact.map(\.rawValue).joined(separator: ", "))")
    return lines + comparison.analysis.configuration.notices.map { "note     \($0.sentence)" }
  }
}

/// The JSON of `diff`, schema version 1.
struct ComparisonDocument: Encodable {
  struct Entry: Encodable {
    let phase, `operator`, column: String
    let values: [String: ConventionNumber]
    let rules: [String]
    let reason: String
  }

  let schemaVersion = 1
  let conventions: [String]
  let model: AnalysisDocument.ModelEntry
  let hardware: [String: String]
  let cells, unexplained: Int
  let differences: [Entry]
  let onlyInExact: [String]

  init(_ report: ComparisonReport) {
    let comparison = report.comparison
    conventions = report.conventions.map(\.rawValue)
    model = AnalysisDocument.ModelEntry(comparison.analysis.configuration)
    hardware = ["name": comparison.analysis.hardware.name, "path": comparison.analysis.hardware.path]
    cells = comparison.cellCount
    unexplained = comparison.differences.filter(\.reasons.isEmpty).count
    differences = comparison.differences.map { difference in
      Entry(
        phase: difference.phase.rawValue, operator: difference.row, column: difference.column,
        values: Dictionary(
          uniqueKeysWithValues: report.conventions.map {
            ($0.rawValue, ConventionNumber(value: report.value(difference, $0)))
          }),
        rules: difference.reasons.map(\.name), reason: difference.reason)
    }
    onlyInExact = comparison.onlyExact.map(\.rawValue)
  }
}
