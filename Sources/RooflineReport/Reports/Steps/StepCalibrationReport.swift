import RooflineComparison
import RooflineCore
import RooflineServing

/// What `calibrate --steps` prints: which constants the data hold, and what they are worth.
package struct StepCalibrationReport {
  let outcome: StepCalibrator.Outcome
  let base: Engine
  let skipped: [ObservationFile.Skipped]
  let output: String

  package init(
    _ outcome: StepCalibrator.Outcome, base: Engine, skipped: [ObservationFile.Skipped], output: String
  ) {
    self.outcome = outcome
    self.base = base
    self.skipped = skipped
    self.output = output
  }

  package var report: Report {
    Report(table, key: "engine", notes: lines, document: StepCalibrationDocument(self))
  }

  /// What is compared with the rows.
  private var trials: [(title: String, errors: ErrorStatistics?)] {
    [
      ("kernels only", outcome.kernels), ("constants of \(base.name)", outcome.before),
      ("fitted", outcome.after), ("each model left out", outcome.modelsLeftOut),
      ("each GPU left out", outcome.gpusLeftOut),
    ]
  }

  private var table: Table {
    Table(
      title: "whole steps of \(outcome.engine.engine) \(outcome.engine.versions.joined(separator: ", ")), errors in %",
      columns: [
        .init("constants", key: "constants", isText: true), .init("n", key: "n"), .init("MAPE", key: "mape"),
        .init("median", key: "median_ape"), .init("p90", key: "p90_ape"), .init("bias", key: "bias"),
      ],
      rows: trials.map { trial in
        .cells([
          .text(trial.title), .integer(trial.errors.map { UInt64($0.n) }), .share(trial.errors?.mape),
          .share(trial.errors?.medianApe), .share(trial.errors?.p90Ape), .share(trial.errors?.bias),
        ])
      })
  }

  private var lines: [String] {
    let pass = outcome.engine.pass.stated
    let constants = pass.map { "\($0.key) \(CalibrationDocument.number($0.value, digits: 4))" }.joined(separator: ", ")
    return ["constant \(pass.isEmpty ? "none: the rows hold nothing beside kernels" : constants)"]
      + skipped.map { "skipped  \(Numbers.counted(UInt64($0.n), "row")): \($0.reason)" } + ["written  \(output)"]
  }
}

/// The JSON of `calibrate --steps`, schema version 1; errors are shares.
struct StepCalibrationDocument: Encodable {
  let schemaVersion = 1
  let engine: String
  let versions: [String]
  let pass: [String: Double]
  @Nullable var kernels: ErrorStatistics?
  @Nullable var before: ErrorStatistics?
  @Nullable var after: ErrorStatistics?
  @Nullable var modelsLeftOut: ErrorStatistics?
  @Nullable var gpusLeftOut: ErrorStatistics?
  let skipped: [ObservationFile.Skipped]
  let output: String

  init(_ report: StepCalibrationReport) {
    let outcome = report.outcome
    engine = outcome.engine.engine
    versions = outcome.engine.versions
    pass = Dictionary(outcome.engine.pass.stated.map { ($0.key, $0.value) }) { first, _ in first }
    kernels = outcome.kernels
    before = outcome.before
    after = outcome.after
    modelsLeftOut = outcome.modelsLeftOut
    gpusLeftOut = outcome.gpusLeftOut
    skipped = report.skipped
    output = report.output
  }
}
