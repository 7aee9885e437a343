import RooflineAnalysis
import RooflineConventions
import RooflineCore
import RooflineDeployment

/// What `analyze --convention llm-counts` prints: the table of note 000, for any inputs.
package struct ConventionReport {
  package let scenario: Scenario
  package let convention: LLMCountsConvention
  let table: ConventionTable

  /// - Throws: `InputError`, as the convention does.
  package init(_ scenario: Scenario, phases: [Phase], generated: UInt64) throws(InputError) {
    self.scenario = scenario
    convention = LLMCountsConvention(try ConventionInputs(scenario, generated: generated), phases: phases)
    table = try convention.table()
  }

  package var report: Report {
    let inputs = convention.inputs
    return Report(
      title: [
        "\(scenario.configuration.name) on \(scenario.hardware.name), tp \(inputs.tensorParallel.value), batch \(inputs.batch.value); counted as in the owner's note 000 (llm-counts)"
      ], sections: printed.map { .table($0) } + [.notes(Notes(lines))], records: .init(key: "phase", raw),
      document: ConventionDocument(self))
  }

  func value(_ phase: Phase, _ row: OperatorName, _ column: ConventionCell.Column) -> ConventionValue {
    table[ConventionCell(phase: phase, row: row, column: column)] ?? .ratio(nil)
  }

  /// The note's dictionary: phase, operator, column, in its own order; texts as printed there, an intensity as a whole number.
  var dictionary: OrderedJSON {
    .object(
      convention.phases.map { phase in
        (
          phase.rawValue,
          .object(
            ConventionCell.rows.map { name, row in
              (
                name,
                .object(
                  ConventionCell.Column.allCases.map { column in
                    let text = ConventionText.text(value(phase, row, column), in: column)
                    return (column.rawValue, column == .arithmeticIntensity ? .number(text) : .string(text))
                  })
              )
            })
        )
      })
  }

  private var printed: [Table] {
    tables(title: title) { .text(ConventionText.text($0, in: $1)) }
  }

  private var raw: [Table] {
    tables(title: \.rawValue) { value, _ in
      switch value {
      case .count(let count): .count(count)
      case .ratio(let ratio): .ratio(ratio)
      case .bound(let bound): .bound(bound)
      }
    }
  }

  private func tables(
    title: (Phase) -> String, cell: (ConventionValue, ConventionCell.Column) -> Table.Cell
  ) -> [Table] {
    let columns = ConventionCell.Column.allCases
    return convention.phases.map { phase in
      Table(
        title: title(phase),
        columns: [.init("operator", key: "operator", isText: true)]
          + columns.map {
            .init(
              $0.rawValue, key: $0.rawValue, isText: $0 == .bound,
              place: ConventionCell.Column.traffic.contains($0) ? .breakdown : .table)
          },
        rows: ConventionCell.rows.map { name, row in
          .cells([.text(name)] + columns.map { cell(value(phase, row, $0), $0) })
        })
    }
  }

  private func title(_ phase: Phase) -> String {
    let inputs = convention.inputs
    return phase == .prefill
      ? "prefill: \(inputs.batch.value) × \(inputs.prompt.value) tokens"
      : "decode: \(inputs.batch.value) × 1 token, \(inputs.prompt.value) + \(inputs.generated.value) keys"
  }

  private var lines: [String] {
    let (inputs, configuration) = (convention.inputs, scenario.configuration)
    let ridge = Numbers.fixed(inputs.peak / inputs.bandwidth, decimals: 2)
    return [
      "ridge    \(ridge) FLOP/B: \(Numbers.scaled(inputs.peak))FLOP/s over \(Numbers.scaled(inputs.bandwidth))B/s",
      "model    \(configuration.path)\(configuration.overrides.map { ", \($0.key)=\($0.value.summary)" }.joined())",
      "hardware \(scenario.hardware.provenance)",
      "note     the note's slips are part of its convention; `roofline diff` names each, with the exact value",
    ] + configuration.notices.map { "note     \($0.sentence)" }
  }
}

/// The JSON of a convention's table, schema version 1. The columns have the note's names; `table` is the note's dictionary.
struct ConventionDocument: OrderedDocument {
  /// As the note prints it.
  let ordered: OrderedJSON.Member

  private enum CodingKeys: String, CodingKey {
    case schemaVersion, convention, model, hardware, inputs, phases
  }

  struct Inputs: Encodable {
    let batch, prompt, generated, tensorParallel: UInt64
    let peakFLOPsPerSecond, bandwidthBytesPerSecond: Double
  }

  struct PhaseEntry: Encodable {
    let phase: String
    let operators: [Row]
  }

  struct Row: Encodable {
    let name: String
    let values: [(column: ConventionCell.Column, value: ConventionValue)]

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: NamedKey.self)
      try container.encode(name, forKey: NamedKey("name"))
      var printed = container.nestedContainer(keyedBy: NamedKey.self, forKey: NamedKey("printed"))
      for (column, value) in values {
        try container.encode(ConventionNumber(value: value), forKey: NamedKey(column.rawValue))
        try printed.encode(ConventionText.text(value, in: column), forKey: NamedKey(column.rawValue))
      }
    }
  }

  let schemaVersion = 1
  let convention = Convention.llmCounts.rawValue
  let model: AnalysisDocument.ModelEntry
  let hardware: [String: String]
  let inputs: Inputs
  let phases: [PhaseEntry]

  init(_ report: ConventionReport) {
    let inputs = report.convention.inputs
    model = AnalysisDocument.ModelEntry(report.scenario.configuration)
    hardware = ["name": report.scenario.hardware.name, "path": report.scenario.hardware.path]
    self.inputs = Inputs(
      batch: inputs.batch.value, prompt: inputs.prompt.value, generated: inputs.generated.value,
      tensorParallel: inputs.tensorParallel.value, peakFLOPsPerSecond: inputs.peak,
      bandwidthBytesPerSecond: inputs.bandwidth)
    ordered = ("table", report.dictionary)
    phases = report.convention.phases.map { phase in
      PhaseEntry(
        phase: phase.rawValue,
        operators: ConventionCell.rows.map { name, row in
          Row(name: name, values: ConventionCell.Column.allCases.map { ($0, report.value(phase, row, $0)) })
        })
    }
  }
}
