import RooflineComparison
import RooflineCore
import RooflineServing

/// What `compare --steps` prints: roof, kernels, prediction and measurement side by side.
package struct StepComparisonReport {
  let validation: StepValidation
  let tolerance: Double
  let notes: [String]

  package init(_ validation: StepValidation, tolerance: Double, notes: [String]) {
    self.validation = validation
    self.tolerance = tolerance
    self.notes = notes
  }

  /// The largest |error|.
  package var worst: Double { validation.predictions.map { abs($0.error) }.max() ?? 0 }

  package var report: Report {
    Report(table, key: "steps", notes: lines, document: StepComparisonDocument(self))
  }

  private var table: Table {
    Table(
      title: "whole steps and requests, predicted beside measured",
      columns: [
        .init("row", key: "id", isText: true), .init("engine", key: "engine_file", isText: true),
        .init("GPU", key: "gpu", isText: true), .init("model", key: "model", isText: true), .init("TP", key: "tp"),
        .init("batch", key: "batch"), .init("prompt", key: "prompt"), .init("generate", key: "generate"),
        .init("metric", key: "metric", isText: true), .init("roof", key: "roof"),
        .init("kernels", key: "kernels_only"), .init("predicted", key: "predicted"),
        .init("measured", key: "measured"), .init("error %", key: "error"),
        .init("verdict", key: "verdict", isText: true),
      ],
      rows: validation.predictions.map { prediction in
        let row = prediction.measurement
        return .cells([
          .text(row.id), .text(prediction.engine?.name ?? "kernels only"), .text(prediction.hardware.name),
          .text(prediction.configuration.name), .integer(row.tensorParallel), .integer(row.batch),
          .integer(row.prompt), .integer(row.generated), .text(row.metric.rawValue), .ratio(prediction.roof),
          .ratio(prediction.kernels), .ratio(prediction.predicted), .ratio(row.value), .share(prediction.error),
          .text(prediction.verdict(tolerance: tolerance).rawValue),
        ])
      })
  }

  private var lines: [String] {
    var lines: [String] = []
    if let errors = ErrorStatistics(
      predicted: validation.predictions.map(\.predicted), measured: validation.predictions.map(\.measurement.value))
    {
      lines.append(
        "errors   \(errors.n) rows, mean \(Numbers.percent(errors.mape)) %, median \(Numbers.percent(errors.medianApe)) %, bias \(Numbers.percent(errors.bias)) %; largest \(Numbers.percent(worst)) %, tolerance \(Numbers.percent(tolerance)) %"
      )
    }
    let told = validation.predictions.compactMap { prediction -> String? in
      let suspects = prediction.suspects(tolerance: tolerance)
      return suspects.isEmpty
        ? nil
        : "\(prediction.measurement.id) \(prediction.verdict(tolerance: tolerance).rawValue): \(suspects.joined(separator: "; "))"
    }
    lines += told.prefix(20).map { "suspect  \($0)" }
    if told.count > 20 { lines.append("suspect  and \(told.count - 20) more; json has them all") }
    return lines + validation.unscored.map { "left out \(Numbers.counted(UInt64($0.n), "row")): \($0.reason)" }
      + notes.map { "note     \($0)" }
  }
}

/// The JSON of `compare --steps`, schema version 1; times and throughputs in the unit of each row's metric.
struct StepComparisonDocument: Encodable {
  struct Row: Encodable {
    let id, engine, version: String
    @Nullable var engineFile: String?
    let gpu, model: String
    let tensorParallel, pipelineParallel, batch: UInt64
    @Nullable var prompt: UInt64?
    let generate: UInt64
    let metric, regime: String
    @Nullable var roof: Double?
    @Nullable var kernels: Double?
    let predicted, measured, error: Double
    let verdict: String
    let suspects: [String]
  }

  let schemaVersion = 1
  let tolerance: Double
  let rows: [Row]
  let statistics: ErrorStatistics?
  let unscored: [ObservationFile.Skipped]
  let notes: [String]

  init(_ report: StepComparisonReport) {
    let tolerance = report.tolerance
    self.tolerance = tolerance
    let predictions = report.validation.predictions
    rows = predictions.map { prediction in
      let row = prediction.measurement
      return Row(
        id: row.id, engine: row.engine, version: row.version, engineFile: prediction.engine?.name,
        gpu: prediction.hardware.name, model: prediction.configuration.name, tensorParallel: row.tensorParallel,
        pipelineParallel: row.pipelineParallel, batch: row.batch, prompt: row.prompt, generate: row.generated,
        metric: row.metric.rawValue, regime: row.conditions.regime.word, roof: prediction.roof,
        kernels: prediction.kernels, predicted: prediction.predicted, measured: row.value, error: prediction.error,
        verdict: prediction.verdict(tolerance: tolerance).rawValue, suspects: prediction.suspects(tolerance: tolerance))
    }
    statistics = ErrorStatistics(
      predicted: predictions.map(\.predicted), measured: predictions.map(\.measurement.value))
    unscored = report.validation.unscored
    notes = report.notes
  }
}
