import RooflineAnalysis
import RooflineConventions
import RooflineCore
import RooflineDeployment

/// What `explain --convention` prints: a row of a note, each of its cells by the note's own formula, beside the exact value.
package struct ConventionExplanation {
  private let convention: Convention
  private let phases: [Phase]
  private let comparison: ConventionComparison
  private let scenario: Scenario
  private let generated: UInt64

  /// - Throws: `InputError`, as the convention and its comparison with the engine do.
  package init(
    _ convention: Convention, _ scenario: Scenario, phases: [Phase], generated: UInt64
  ) throws(InputError) {
    self.convention = convention
    self.phases = phases
    self.scenario = scenario
    self.generated = generated
    comparison = try ConventionComparison(convention, scenario, phases: phases, generated: generated)
  }

  /// The note's names of its rows.
  package var rows: [String] {
    convention == .notes003 ? Notes003Cell.Row.allCases.map(\.rawValue) : ConventionCell.rows.map(\.name)
  }

  /// - Parameter row: the note's name of it, or the engine's where the note's row is one of the engine's.
  /// - Returns: nil where the note has no such row.
  package func report(_ row: String) throws(InputError) -> Report? {
    guard let explanations = try explanations(row) else { return nil }
    return ExplanationReport(explanations, notices: scenario.configuration.notices).report
  }

  /// Each phase's, in the note's order.
  func explanations(_ name: String) throws(InputError) -> [OperatorExplanation]? {
    if convention == .notes003 {
      guard let row = Notes003Cell.Row(rawValue: name) else { return nil }
      let inputs = try Notes003Inputs(scenario)
      return try phases.map { phase throws(InputError) in try explanation(row, phase, inputs) }
    }
    guard let row = ConventionCell.rows.first(where: { $0.name == name || $0.row.rawValue == name }) else { return nil }
    let note = LLMCountsConvention(try ConventionInputs(scenario, generated: generated), phases: phases)
    let table = try note.table()
    return phases.map { explanation(row, $0, note.inputs, table) }
  }

  /// What the engine says of a cell, and why.
  private func exact(_ phase: Phase, _ row: String, _ column: String) -> String {
    let difference = comparison.differences.first { $0.phase == phase && $0.row == row && $0.column == column }
    return difference.map { "exact is \($0.exact): \($0.reason)" } ?? "exact has the same"
  }

  // MARK: note 003

  private func explanation(
    _ row: Notes003Cell.Row, _ phase: Phase, _ inputs: Notes003Inputs
  ) throws(InputError) -> OperatorExplanation {
    let formulas = Notes003Convention<Symbol>(inputs)
    let values = try Notes003Convention<Count>(inputs).values(phase)
    let columns = Notes003Cell.Column.allCases
    return OperatorExplanation(
      name: row.rawValue, convention: convention, phase: phase.rawValue,
      letters: .list(of: columns.map { formulas.formula(Notes003Cell(phase, row, $0)).formula }),
      entries: columns.map { column in
        let cell = Notes003Cell(phase, row, column)
        let formula = formulas.formula(cell).formula.expression
        return .init(
          quantity: column.rawValue, symbolic: formula.symbolic, substituted: formula.substituted,
          value: (values[cell]?.value ?? .ratio(nil)).description, unit: column.unit,
          source: "row \(row.number) of note 003; \(exact(phase, row.rawValue, column.rawValue))")
      })
  }

  // MARK: note 000

  private func explanation(
    _ row: (name: String, row: OperatorName), _ phase: Phase, _ inputs: ConventionInputs, _ table: ConventionTable
  ) -> OperatorExplanation {
    let terms = LLMCountsFormulas<Symbol>(inputs).terms(phase, row.row)
    let degree = Symbol.input(.noteTensorParallel, inputs.tensorParallel.value)
    func share(_ column: ConventionCell.Column) -> Symbol {
      let term = terms[column]
      return term == 0 ? 0 : term.divided(roundingDownBy: degree)
    }
    func value(_ column: ConventionCell.Column) -> ConventionValue {
      table[ConventionCell(phase: phase, row: row.row, column: column)] ?? .ratio(nil)
    }
    let columns = ConventionCell.Column.allCases
    return OperatorExplanation(
      name: row.name, convention: convention, phase: phase.rawValue,
      letters: .list(of: columns.filter(\.isPrimitive).map(share)),
      entries: columns.map { column in
        let printed = ConventionText.text(value(column), in: column)
        let formula: (letters: String, numbers: String) =
          if column.isPrimitive {
            (share(column).expression.symbolic, share(column).expression.substituted)
          } else {
            derived(column, value, inputs)
          }
        return .init(
          quantity: column.rawValue, symbolic: formula.letters, substituted: formula.numbers,
          value: value(column).description, unit: column.unit,
          source:
            "note 000 would print \(printed); \(exact(phase, row.name, column.rawValue))")
      })
  }

  /// What the note computes from other columns.
  private func derived(
    _ column: ConventionCell.Column, _ value: (ConventionCell.Column) -> ConventionValue, _ inputs: ConventionInputs
  ) -> (letters: String, numbers: String) {
    typealias Column = ConventionCell.Column
    let (flops, memory, intensity) = (Column.flops, Column.memoryAccess, Column.arithmeticIntensity)
    let (peak, bandwidth) = (Expression.decimal(inputs.peak), Expression.decimal(inputs.bandwidth))
    switch column {
    case .memoryAccess:
      return (
        Column.traffic.map(\.rawValue).joined(separator: " + "),
        Column.traffic.map { value($0).description }.joined(separator: " + ")
      )
    case .arithmeticIntensity:
      return ("\(flops.rawValue) / \(memory.rawValue)", "\(value(flops)) / \(value(memory))")
    case .performance:
      return (
        "min(peak, \(intensity.rawValue) × bandwidth)",
        "min(\(peak), \(value(intensity)) × \(bandwidth))"
      )
    case .bound:
      return (
        "memory where \(intensity.rawValue) < peak / bandwidth, else compute",
        "\(value(intensity)) beside \(peak) / \(bandwidth) = \(inputs.peak / inputs.bandwidth)"
      )
    case .flops, .loadWeight, .loadActivation, .storeActivation, .loadKVCache, .storeKVCache:
      return ("", "")
    }
  }
}

extension ConventionCell.Column {
  /// What stands behind a cell's number.
  fileprivate var unit: String {
    switch self {
    case .flops: "FLOP"
    case .memoryAccess, .loadWeight, .loadActivation, .storeActivation, .loadKVCache, .storeKVCache: "B"
    case .arithmeticIntensity: "FLOP/B"
    case .performance: "FLOP/s"
    case .bound: ""
    }
  }
}

extension [OperatorExplanation.LetterEntry] {
  fileprivate static func list(of symbols: [Symbol]) -> Self { OperatorExplanation.LetterEntry.list(of: symbols) }
}
