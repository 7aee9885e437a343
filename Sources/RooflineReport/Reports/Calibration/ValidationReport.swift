import RooflineComparison
import RooflineCore

/// What `validate` prints: errors, group by group.
package struct ValidationReport {
  package let validation: Validation
  package let hardware: HardwareSpec
  package let interval: Double
  package let notes: [String]

  package init(_ validation: Validation, hardware: HardwareSpec, interval: Double, notes: [String]) {
    self.validation = validation
    self.hardware = hardware
    self.interval = interval
    self.notes = notes + validation.notes
  }

  package var report: Report {
    Report(
      sections: [
        .table(table(title: "predicted against measured on \(hardware.name), errors in %")), .notes(Notes(lines)),
      ], records: .init(key: "hardware", [table(title: hardware.name)]), document: ValidationDocument(self))
  }

  private func table(title: String) -> Table {
    Table(
      title: title,
      columns: [
        .init("kind", key: "kind", isText: true), .init("family", key: "family", isText: true),
        .init("source", key: "source", isText: true), .init("phase", key: "phase", isText: true),
        .init("dtype", key: "dtype", isText: true), .init("regime", key: "regime", isText: true),
        .init("n", key: "n"), .init("MAPE", key: "mape"), .init("median", key: "median_ape"),
        .init("p90", key: "p90_ape"), .init("bias", key: "bias"), .init("WAPE", key: "wape"),
        .init("in \(Numbers.fixed(interval * 100, decimals: 0)) %", key: "coverage"),
      ],
      rows: validation.lines.map { line in
        .cells([
          .text(line.group.kind), .text(line.group.family), .text(line.group.source), .text(line.group.phase ?? ""),
          .text(line.group.dtype), .text(line.group.regime), .integer(UInt64(line.errors.n)),
          .share(line.errors.mape), .share(line.errors.medianApe), .share(line.errors.p90Ape),
          .share(line.errors.bias), .share(line.errors.wape), .share(line.coverage),
        ])
      })
  }

  private var lines: [String] {
    validation.skipped.map { "skipped  \(Numbers.counted(UInt64($0.n), "row")): \($0.reason)" }
      + notes.map { "note     \($0)" }
  }
}

/// The JSON of `validate`, schema version 1; errors are shares.
struct ValidationDocument: Encodable {
  struct Group: Encodable {
    let kind, family, source: String
    @Nullable var phase: String?
    let dtype, regime: String
    let n: Int
    let mape, medianApe, p90Ape, bias, wape: Double
    @Nullable var coverage: Double?
  }

  let schemaVersion = 1
  let hardware: String
  let interval: Double
  let groups: [Group]
  let skipped: [ObservationFile.Skipped]
  let notes: [String]

  init(_ report: ValidationReport) {
    hardware = report.hardware.name
    interval = report.interval
    groups = report.validation.lines.map { line in
      Group(
        kind: line.group.kind, family: line.group.family, source: line.group.source, phase: line.group.phase,
        dtype: line.group.dtype, regime: line.group.regime, n: line.errors.n, mape: line.errors.mape,
        medianApe: line.errors.medianApe, p90Ape: line.errors.p90Ape, bias: line.errors.bias, wape: line.errors.wape,
        coverage: line.coverage)
    }
    skipped = report.validation.skipped
    notes = report.notes
  }
}
