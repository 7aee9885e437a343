import RooflineAnalysis
import RooflineConventions
import RooflineCore
import RooflineDeployment

/// What `analyze --convention notes-003` prints: the table of note 003 in its own letters, with numbers put in.
package struct Notes003Report {
  package let scenario: Scenario
  package let phases: [Phase]
  let inputs: Notes003Inputs
  private let formulas: Notes003Convention<Symbol>
  private let values: [Notes003Cell: Quotient<Count>]

  /// - Throws: `InputError`, as the convention does.
  package init(_ scenario: Scenario, phases: [Phase]) throws(InputError) {
    self.scenario = scenario
    self.phases = phases
    inputs = try Notes003Inputs(scenario)
    formulas = Notes003Convention(inputs)
    var values: [Notes003Cell: Quotient<Count>] = [:]
    for phase in phases {
      values.merge(try Notes003Convention<Count>(inputs).values(phase)) { _, new in new }
    }
    self.values = values
  }

  package var report: Report {
    Report(
      title: [
        "\(scenario.configuration.name), tp \(inputs.tensorParallel), batch \(inputs.batch), prompt \(inputs.prompt); counted as in the owner's note 003 (notes-003): elements, not bytes; FLOPs of all devices together"
      ], sections: tables(title: title, name: name).map { .table($0) } + [.notes(Notes(lines))],
      records: .init(key: "phase", tables(title: \.rawValue, name: \.rawValue)), document: Notes003Document(self))
  }

  func formula(_ cell: Notes003Cell) -> Expression { formulas.formula(cell).formula.expression }

  func value(_ cell: Notes003Cell) -> ConventionValue { values[cell]?.value ?? .ratio(nil) }

  /// The letters that the phases use, in the order in which the note brings them up.
  var letters: [OperatorExplanation.LetterEntry] {
    let cells = phases.flatMap { phase in
      Notes003Cell.Row.allCases.flatMap { row in
        Notes003Cell.Column.allCases.map { Notes003Cell(phase, row, $0) }
      }
    }
    return OperatorExplanation.LetterEntry.list(of: cells.map { formulas.formula($0).formula })
  }

  private func tables(title: (Phase) -> String, name: (Notes003Cell.Row) -> String) -> [Table] {
    phases.map { phase in
      Table(
        title: title(phase),
        columns: [.init("row", key: "row", isText: true)]
          + Notes003Cell.Column.allCases.flatMap { column -> [Table.Column] in
            [
              .init(column.rawValue, key: "\(column.rawValue)_formula", isText: true),
              .init("=", unit: column.unit, key: "\(column.rawValue)_\(column.unit.lowercased())"),
            ]
          },
        rows: Notes003Cell.Row.allCases.map { row in
          .cells(
            [.text(name(row))]
              + Notes003Cell.Column.allCases.flatMap { column -> [Table.Cell] in
                let cell = Notes003Cell(phase, row, column)
                return [.text(formula(cell).symbolic), number(value(cell))]
              })
        })
    }
  }

  private func number(_ value: ConventionValue) -> Table.Cell {
    if case .count(let count) = value { return .count(count) }
    guard case .ratio(let ratio) = value else { return .empty }
    return .rate(ratio)
  }

  private func name(_ row: Notes003Cell.Row) -> String {
    "\(row.number). \(row.rawValue)\(row.isOnce ? " (once)" : "")"
  }

  private func title(_ phase: Phase) -> String {
    phase == .prefill
      ? "prefill, a layer: \(inputs.batch) × \(inputs.prompt) tokens"
      : "decode, a layer: \(inputs.batch) × 1 token, \(inputs.prompt) keys"
  }

  private var alternative: String { inputs.isGated ? "gated MLP's, the first" : "plain MLP's, the second" }

  private var lines: [String] {
    let configuration = scenario.configuration
    return letters.map { "letter   \($0.symbol) = \($0.value), \($0.meaning)" } + [
      "model    \(configuration.path)\(configuration.overrides.map { ", \($0.key)=\($0.value.summary)" }.joined())",
      "note     of the alternatives that the note gives, these are a \(alternative); it has no rates, so that no GPU enters",
      "note     the note's slips are part of its convention; `roofline diff --conventions notes-003,exact` names each, with the exact value",
    ] + configuration.notices.map { "note     \($0.sentence)" }
  }
}

/// The JSON of note 003's table, schema version 1.
struct Notes003Document: Encodable {
  struct PhaseEntry: Encodable {
    let phase: String
    let operators: [Row]
  }

  struct Row: Encodable {
    let number: Int
    let name: String
    let isOnce: Bool
    /// Values by column; formulas in letters and with numbers beside them.
    let values: [String: ConventionNumber]
    let formulas, substituted: [String: String]

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: NamedKey.self)
      try container.encode(number, forKey: NamedKey("number"))
      try container.encode(name, forKey: NamedKey("name"))
      try container.encode(isOnce, forKey: NamedKey("once"))
      for (column, value) in values { try container.encode(value, forKey: NamedKey(column)) }
      try container.encode(formulas, forKey: NamedKey("formulas"))
      try container.encode(substituted, forKey: NamedKey("substituted"))
    }
  }

  let schemaVersion = 1
  let convention = Convention.notes003.rawValue
  let units: [String: String]
  let model: AnalysisDocument.ModelEntry
  let letters: [String: UInt64]
  let phases: [PhaseEntry]

  init(_ report: Notes003Report) {
    let columns = Notes003Cell.Column.allCases
    units = Dictionary(uniqueKeysWithValues: columns.map { ($0.rawValue, $0.unit) })
    model = AnalysisDocument.ModelEntry(report.scenario.configuration)
    letters = Dictionary(uniqueKeysWithValues: report.letters.map { ($0.symbol, UInt64($0.value) ?? 0) })
    phases = report.phases.map { phase in
      PhaseEntry(
        phase: phase.rawValue,
        operators: Notes003Cell.Row.allCases.map { row in
          func byColumn<Value>(_ value: (Notes003Cell) -> Value) -> [String: Value] {
            Dictionary(uniqueKeysWithValues: columns.map { ($0.rawValue, value(Notes003Cell(phase, row, $0))) })
          }
          return Row(
            number: row.number, name: row.rawValue, isOnce: row.isOnce,
            values: byColumn { ConventionNumber(value: report.value($0)) },
            formulas: byColumn { report.formula($0).symbolic },
            substituted: byColumn { report.formula($0).substituted })
        })
    }
  }
}
