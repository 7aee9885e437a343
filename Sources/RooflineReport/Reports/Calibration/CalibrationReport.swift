import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels

/// What `calibrate` prints: what was fitted, and whether it is worth anything.
package struct CalibrationReport {
  package let outcomes: [Calibrator.Outcome]
  package let hardware: HardwareSpec
  package let output: String
  package let skipped: [ObservationFile.Skipped]

  package init(
    _ outcomes: [Calibrator.Outcome], hardware: HardwareSpec, output: String, skipped: [ObservationFile.Skipped]
  ) {
    self.outcomes = outcomes
    self.hardware = hardware
    self.output = output
    self.skipped = skipped
  }

  package var report: Report { Report(table, key: "hardware", notes: lines, document: CalibrationReportDocument(self)) }

  private var table: Table {
    Table(
      title: "constants of \(hardware.name), errors in % (after: on shapes left out)",
      columns: [
        .init("entry", key: "entry", isText: true), .init("rows", key: "rows"), .init("shapes", key: "shapes"),
        .init("before", key: "mape_before"), .init("bias", key: "bias_before"), .init("after", key: "mape_after"),
        .init("bias", key: "bias_after"), .init("rejected", key: "rejected"),
      ],
      rows: outcomes.map { outcome in
        .cells([
          .text(outcome.key.title), .integer(UInt64(outcome.rows)), .integer(UInt64(outcome.groups)),
          .share(outcome.before?.mape), .share(outcome.before?.bias), .share(outcome.after?.mape),
          .share(outcome.after?.bias), .integer(UInt64(outcome.rejected.count + outcome.impossible.count)),
        ])
      })
  }

  private var lines: [String] {
    var lines: [String] = []
    for outcome in outcomes {
      if let remark = outcome.remark { lines.append("remark   \(outcome.key.title): \(remark)") }
      if !outcome.atBound.isEmpty {
        let constants = outcome.atBound.map {
          "\($0.key) \(CalibrationDocument.number($0.value, digits: 4)) (\($0.reason.rawValue))"
        }
        lines.append("bound    \(outcome.key.title): \(constants.joined(separator: ", "))")
      }
      lines += CalibrationReport.rejected(outcome.rejected, of: outcome.key, "is far from every fit")
      lines += CalibrationReport.rejected(
        outcome.impossible, of: outcome.key, "is less than half of what the datasheet's rates allow")
    }
    lines += skipped.map { "skipped  \(Numbers.counted(UInt64($0.n), "row")): \($0.reason)" }
    lines.append("written  \(output)")
    return lines
  }

  /// The first rows, and how many more there are.
  private static func rejected(_ rows: [Observation], of key: Calibration.Key, _ why: String) -> [String] {
    let most = 5
    let lines = rows.prefix(most).map { "rejected \(key.title): line \($0.line), \($0.microseconds) µs \(why)" }
    return rows.count > most ? lines + ["rejected \(key.title): and \(rows.count - most) more rows"] : lines
  }
}

/// The JSON of `calibrate`, schema version 1; errors are shares.
struct CalibrationReportDocument: Encodable {
  struct Entry: Encodable {
    let entry: String
    let rows, shapes: Int
    @Nullable var before: ErrorStatistics?
    @Nullable var after: ErrorStatistics?
    let atBound: [String]
    /// Why each of them stands there.
    let atBoundReasons: [String: String]
    let rejectedLines: [Int]
    let isWritten: Bool
    @Nullable var remark: String?
  }

  let schemaVersion = 1
  let hardware, output: String
  let entries: [Entry]
  let skipped: [ObservationFile.Skipped]

  init(_ report: CalibrationReport) {
    hardware = report.hardware.name
    output = report.output
    entries = report.outcomes.map { outcome in
      Entry(
        entry: outcome.key.title, rows: outcome.rows, shapes: outcome.groups, before: outcome.before,
        after: outcome.after, atBound: outcome.atBound.map(\.key),
        atBoundReasons: Dictionary(
          outcome.atBound.map { ($0.key, $0.reason.rawValue) }, uniquingKeysWith: { first, _ in first }),
        rejectedLines: (outcome.rejected + outcome.impossible).map(\.line).sorted(),
        isWritten: outcome.entry != nil, remark: outcome.remark)
    }
    skipped = report.skipped
  }
}
