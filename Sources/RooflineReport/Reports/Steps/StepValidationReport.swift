import RooflineComparison
import RooflineCore
import RooflineServing

/// What `validate --steps` prints: errors of whole steps, group by group; CSV has a line a row.
package struct StepValidationReport {
  let validation: StepValidation
  let notes: [String]

  package init(_ validation: StepValidation, notes: [String]) {
    self.validation = validation
    self.notes = notes
  }

  package var report: Report {
    Report(
      sections: [.table(groups), .table(totals), .notes(Notes(lines))],
      records: .init(key: "row", [StepRowTable(validation.predictions).table]), document: StepValidationDocument(self))
  }

  private static let errorColumns: [Table.Column] = [
    .init("n", key: "n"), .init("MAPE", key: "mape"), .init("median", key: "median_ape"), .init("p90", key: "p90_ape"),
    .init("bias", key: "bias"),
  ]

  private static func cells(_ errors: ErrorStatistics) -> [Table.Cell] {
    [
      .count(Count(UInt64(errors.n))), .share(errors.mape), .share(errors.medianApe), .share(errors.p90Ape),
      .share(errors.bias),
    ]
  }

  private var groups: Table {
    Table(
      title: "whole steps and requests, predicted against measured, errors in %",
      columns: [
        .init("engine", key: "engine_file", isText: true), .init("source", key: "source", isText: true),
        .init("GPU", key: "gpu", isText: true), .init("model", key: "model", isText: true),
        .init("metric", key: "metric", isText: true), .init("regime", key: "regime", isText: true),
      ] + Self.errorColumns,
      rows: validation.groups.map { line in
        .cells(
          [
            .text(line.key.engineFile ?? "\(line.key.engine) \(line.key.version): kernels only"),
            .text(line.key.source), .text(line.key.gpu), .text(line.key.model), .text(line.key.metric.rawValue),
            .text(line.key.regime.word),
          ] + Self.cells(line.errors))
      })
  }

  private var totals: Table {
    Table(
      title: "by engine's file and metric",
      columns: [
        .init("engine", key: "engine_file", isText: true), .init("metric", key: "metric", isText: true),
        .init("regime", key: "regime", isText: true),
      ] + Self.errorColumns,
      rows: validation.totals.map { line in
        .cells(
          [
            .text(line.key.engineFile ?? "without a file: kernels only"), .text(line.key.metric.rawValue),
            .text(line.key.regime.word),
          ] + Self.cells(line.errors))
      })
  }

  private var lines: [String] {
    validation.unscored.map { "unscored \(Numbers.counted(UInt64($0.n), "row")): \($0.reason)" }
      + notes.map { "note     \($0)" }
  }
}

/// The JSON of `validate --steps`, schema version 1; errors are shares.
struct StepValidationDocument: Encodable {
  struct Group: Encodable {
    let source, engine, version: String
    @Nullable var engineFile: String?
    let gpu, model, metric, regime: String
    let n: Int
    let mape, medianApe, p90Ape, bias: Double
  }

  struct Total: Encodable {
    @Nullable var engineFile: String?
    let metric, regime: String
    let n: Int
    let mape, medianApe, p90Ape, bias: Double
  }

  let schemaVersion = 1
  let rows, scored: Int
  let groups: [Group]
  let totals: [Total]
  let unscored: [ObservationFile.Skipped]
  let notes: [String]

  init(_ report: StepValidationReport) {
    let validation = report.validation
    rows = validation.rows
    scored = validation.predictions.count
    groups = validation.groups.map { line in
      Group(
        source: line.key.source, engine: line.key.engine, version: line.key.version, engineFile: line.key.engineFile,
        gpu: line.key.gpu, model: line.key.model, metric: line.key.metric.rawValue, regime: line.key.regime.word,
        n: line.errors.n, mape: line.errors.mape, medianApe: line.errors.medianApe, p90Ape: line.errors.p90Ape,
        bias: line.errors.bias)
    }
    totals = validation.totals.map { line in
      Total(
        engineFile: line.key.engineFile, metric: line.key.metric.rawValue, regime: line.key.regime.word,
        n: line.errors.n, mape: line.errors.mape, medianApe: line.errors.medianApe, p90Ape: line.errors.p90Ape,
        bias: line.errors.bias)
    }
    unscored = validation.unscored
    notes = report.notes
  }
}
