import RooflineAnalysis
import RooflineConventions
import RooflineCore

/// What `diff` prints: each cell that differs between a note and the engine, and why.
package struct ComparisonReport {
  package let comparison: ConventionComparison
  /// The two conventions in the order asked for.
  package let conventions: [Convention]
  /// What note 000's own table leaves open.
  let readings: [LLMCountsReading]
  /// Whether tables for people hold the cells that only follow from others of their rows.
  let listsDerived: Bool

  package init(
    _ comparison: ConventionComparison, conventions: [Convention], readings: [LLMCountsReading] = [],
    listsDerived: Bool = false
  ) {
    self.comparison = comparison
    self.conventions = conventions
    self.readings = readings
    self.listsDerived = listsDerived
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
      "\(setting): \(comparison.differences.count) of \(Numbers.counted(UInt64(comparison.cellCount), "cell")) differ between \(conventions.map(\.rawValue).joined(separator: " and "))"
  }

  private var phases: [(name: String, differences: [ConventionComparison.Difference])] {
    comparison.analysis.phases.map { phase in
      let name = phase.step.phase
      return (name.rawValue, comparison.differences.filter { $0.phase == name })
    }
  }

  /// Only note 003 leaves things out that it would say of a sum.
  private var hasVerdicts: Bool { comparison.convention == .notes003 }

  /// Whether a cell says nothing that the row's other cells do not; a bound that turns does.
  private func isFolded(_ difference: ConventionComparison.Difference) -> Bool {
    !listsDerived && comparison.convention == .llmCounts && difference.column != ConventionCell.Column.bound.rawValue
      && difference.reasons.map(\.name) == [ConventionRule.derivedColumns]
  }

  private var tables: [Table] {
    phases.map { name, differences in
      Table(
        title: name,
        columns: [
          .init("operator", key: "operator", isText: true), .init("column", key: "column", isText: true),
        ] + conventions.map { .init($0.rawValue, key: $0.rawValue) }
          + (hasVerdicts ? [.init("verdict", key: "verdict", isText: true)] : [])
          + [.init("why", key: "why", isText: true)],
        rows: differences.filter { !isFolded($0) }.map { difference in
          let values = texts(difference)
          let why =
            difference.reasons.isEmpty ? "unexplained" : difference.reasons.map(\.name).joined(separator: "; ")
          return .cells(
            [.text(difference.row), .text(difference.column)] + values.map { .text($0) }
              + (hasVerdicts ? [.text(difference.verdict.rawValue)] : []) + [.text(why)])
        })
    }
  }

  private var raw: [Table] {
    phases.map { name, differences in
      Table(
        title: name,
        columns: [
          .init("operator", key: "operator", isText: true), .init("column", key: "column", isText: true),
        ] + conventions.map { .init($0.rawValue, key: $0.rawValue) }
          + (hasVerdicts ? [.init("verdict", key: "verdict", isText: true)] : [])
          + [.init("reason", key: "reason", isText: true)],
        rows: differences.map { difference in
          .cells(
            [.text(difference.row), .text(difference.column)]
              + conventions.map { cell(value(difference, $0)) }
              + (hasVerdicts ? [.text(difference.verdict.rawValue)] : []) + [.text(difference.reason)])
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

  /// The cells of a phase that are right, by their rows.
  private func right(_ phase: Phase) -> String {
    var rows: [(name: String, columns: [String])] = []
    for cell in comparison.agreeing where cell.phase == phase {
      if rows.last?.name == cell.row {
        rows[rows.count - 1].columns.append(cell.column)
      } else {
        rows.append((cell.row, [cell.column]))
      }
    }
    return rows.map { "\($0.name) \($0.columns.joined(separator: " and "))" }.joined(separator: ", ")
  }

  private func reading(_ reading: LLMCountsReading) -> String {
    func text(_ symbol: Symbol) -> String { "\(symbol.expression.symbolic) = \(symbol.value.value)" }
    return
      "reading  \(reading.cells): \(text(reading.taken)) is taken; \(text(reading.other)) would give the note's table, too"
  }

  /// What the decode step is that stands beside the note's.
  private var decodeStep: String {
    let context = comparison.analysis.workload.context
    switch comparison.convention {
    case .llmCounts:
      return
        "the exact decode step attends \(context) keys, those that the note loads: the prompt and all generated tokens. The last step of such a generation attends \(context - 1), since the prefill has made the first token"
    case .notes003, .exact:
      return "the exact decode step attends \(context) keys, the note's S, the new token among them"
    }
  }

  /// Note 000 has the rates behind performance and bound.
  private var ridge: [String] {
    guard let rates = comparison.rates else { return [] }
    let (peak, bandwidth) = (Numbers.scaled(rates.peak), Numbers.scaled(rates.bandwidth))
    return [
      "ridge    \(Numbers.fixed(rates.peak / rates.bandwidth, decimals: 2)) FLOP/B: \(peak)FLOP/s over \(bandwidth)B/s"
    ]
  }

  private var foldedLine: [String] {
    let folded = comparison.differences.count(where: isFolded)
    return folded == 0
      ? []
      : [
        "derived  \(folded) more cells only follow from those of their rows: memory_access, arithmetic_intensity, performance; --columns all, csv and json list them"
      ]
  }

  /// The reasons of what the tables name, once each.
  private var lines: [String] {
    let shown = comparison.differences.filter { !isFolded($0) }.flatMap(\.reasons)
    var lines = foldedLine
    if hasVerdicts {
      for phase in comparison.analysis.phases.map(\.step.phase) {
        lines.append("right    \(phase.rawValue): \(right(phase))")
      }
      let counts = ConventionComparison.Verdict.allCases.map { verdict in
        "\(verdict == .right ? comparison.agreeing.count : comparison.differences.count { $0.verdict == verdict }) \(verdict.rawValue)"
      }
      lines.append(
        "verdict  \(counts.joined(separator: ", ")), and \(comparison.cellCount - comparison.agreeing.count - comparison.differences.count) are 0 in both; incomplete: what the note counts there is right, and not all"
      )
    }
    lines += comparison.reasons.filter(shown.contains).map { "why      \($0.name): \($0.sentence)" }
    let unexplained = comparison.differences.filter(\.reasons.isEmpty).count
    if unexplained > 0 { lines.append("why      unexplained: no rule gives the exact value of \(unexplained) cells") }
    let phases = comparison.analysis.phases.map(\.step.phase)
    if phases.contains(.decode) { lines.append("note     \(decodeStep)") }
    lines += ridge + readings.map(reading)
    if comparison.convention == .notes003 {
      lines.append(
        "note     both in the note's unit: FLOPs and elements of the layer as one device does it all, elements that a device sends at the degree; an exact element is any number, of whatever format"
      )
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
    let verdict: String
  }

  struct Cell: Encodable {
    let phase, `operator`, column: String
  }

  struct Reading: Encodable {
    let cells, taken, other: String
  }

  let schemaVersion = 1
  let conventions: [String]
  let model: AnalysisDocument.ModelEntry
  let hardware: [String: String]
  let cells, unexplained: Int
  let differences: [Entry]
  let agreeing: [Cell]
  let readings: [Reading]
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
        rules: difference.reasons.map(\.name), reason: difference.reason, verdict: difference.verdict.rawValue)
    }
    agreeing = comparison.agreeing.map { Cell(phase: $0.phase.rawValue, operator: $0.row, column: $0.column) }
    readings = report.readings.map {
      Reading(cells: $0.cells, taken: $0.taken.expression.symbolic, other: $0.other.expression.symbolic)
    }
    onlyInExact = comparison.onlyExact.map(\.rawValue)
  }
}
