import RooflineAnalysis
import RooflineCore
import RooflineTraces

/// What `import` prints of one trace.
package struct TraceReport {
  package let findings: TraceFindings
  /// Whether kernels are listed by their names instead of the model's rows.
  package let listsKernels: Bool
  /// What goes to a file, and which.
  package let observations: TraceObservations?
  package let output: String?

  package init(
    _ findings: TraceFindings, listsKernels: Bool, observations: TraceObservations? = nil, in output: String? = nil
  ) {
    self.findings = findings
    self.listsKernels = listsKernels
    self.observations = observations
    self.output = output
  }

  package var report: Report {
    Report(
      title: [heading], sections: [.table(table(title: title)), .notes(Notes(TraceNotes(findings).lines + written))],
      records: .init(key: "trace", [table(title: findings.name)]),
      document: TraceDocument(findings, observations, in: output))
  }

  private var written: [String] {
    guard let observations, let output else { return [] }
    let count = observations.entries.count
    return observations.leftOutByReason.map { "left out \($0.names.joined(separator: ", ")): \($0.reason)" } + [
      "written  \(count) observation\(count == 1 ? "" : "s") of \(observations.gpu) in \(output)"
    ]
  }

  private var heading: String {
    guard let prediction = findings.prediction else {
      return "\(findings.trace.format.rawValue): kernels by what they do"
    }
    let analysis = prediction.analysis
    let tier = analysis.calibrated.map { ", \(CalibratedTimeText(time: $0).heading)" } ?? ""
    return
      "\(analysis.configuration.name) on \(analysis.hardware.name), tp \(analysis.workload.tensorParallel): \(prediction.work)\(tier)"
  }

  private var title: String {
    "\(findings.name): \(listsKernels || findings.prediction == nil ? "recorded times" : "roofs and recorded times")"
  }

  private func table(title: String) -> Table { listsKernels ? kernels(title) : operators(title) }

  private func operators(_ title: String) -> Table {
    guard findings.prediction != nil else { return kinds(title) }
    let isCalibrated = findings.prediction?.analysis.calibrated != nil
    let blocks = [rows(isCalibrated), others(isCalibrated)].filter { !$0.isEmpty }
    var columns: [Table.Column] = [
      .init("operator", key: "operator", isText: true), .init("×", key: "occurrences"),
      .init("calls", key: "calls_in_pass"), .init("bound", key: "bound", isText: true),
      .init("roof", unit: "a call", key: "roof_seconds"),
    ]
    if isCalibrated {
      columns += [
        .init("predicted", unit: "a call", key: "predicted_seconds"),
        .init("from", key: "interval_low_seconds", place: .below(title: "intervals of a call")),
        .init("to", key: "interval_high_seconds", place: .below(title: "intervals of a call")),
      ]
    }
    columns += [
      .init("observed", unit: "a call", key: "observed_seconds"),
      .init("observed", unit: findings.extent, key: "observed_in_pass_seconds"),
      .init("headroom", unit: "a pass", key: "headroom_in_pass_seconds"),
      .init("of roof", unit: "%", key: "share_of_roof"),
      .init("share", unit: "%", key: "share_of_pass"),
    ]
    if isCalibrated { columns.append(.init("verdict", key: "verdict", isText: true)) }
    return Table(title: title, columns: columns, rows: Array(blocks.joined(separator: [.rule])))
  }

  private func rows(_ isCalibrated: Bool) -> [Table.Row] {
    let whole = findings.secondsInPass
    return findings.lines().map { line in
      func time(_ seconds: Double?) -> Table.Cell { .time(seconds.map { Seconds($0) }) }
      var cells: [Table.Cell] = [
        .text(line.operation), .integer(line.occurrences), .ratio(line.calls), .bound(line.bound), time(line.roof),
      ]
      if isCalibrated {
        cells += [time(line.predicted), time(line.interval?.lowerBound), time(line.interval?.upperBound)]
      }
      return .cells(
        cells + [
          time(line.observed), time(line.observedInPass), time(line.headroom), .share(line.shareOfRoof),
          .share(line.observedInPass.map { whole > 0 ? $0 / whole : 0 }),
        ] + (isCalibrated ? [.text(line.verdict?.rawValue ?? "")] : []))
    }
  }

  private func others(_ isCalibrated: Bool) -> [Table.Row] {
    let whole = findings.secondsInPass
    let blanks = [Table.Cell](repeating: .empty, count: isCalibrated ? 3 : 0)
    return findings.others().map { other in
      .cells(
        [.text(other.name), .empty, .ratio(other.launches), .empty, .empty] + blanks + [
          .time(other.launches > 0 ? Seconds(other.seconds / other.launches) : nil), .time(Seconds(other.seconds)),
          .empty, .empty, .share(whole > 0 ? other.seconds / whole : 0),
        ] + (isCalibrated ? [.empty] : []))
    }
  }

  /// Without a model: kernels by what they do.
  private func kinds(_ title: String) -> Table {
    let whole = findings.secondsInPass
    return Table(
      title: title,
      columns: [
        .init("kernels", key: "kernels", isText: true), .init("calls", unit: findings.extent, key: "calls_in_pass"),
        .init("observed", unit: "a call", key: "observed_seconds"),
        .init("observed", unit: findings.extent, key: "observed_in_pass_seconds"),
        .init("share", unit: "%", key: "share_of_pass"),
      ],
      rows: findings.others().map { other in
        .cells([
          .text(other.name), .ratio(other.launches),
          .time(other.launches > 0 ? Seconds(other.seconds / other.launches) : nil), .time(Seconds(other.seconds)),
          .share(whole > 0 ? other.seconds / whole : 0),
        ])
      })
  }

  private func kernels(_ title: String) -> Table {
    let whole = findings.match.kernelSeconds + findings.match.copySeconds
    let count = findings.passCount
    return Table(
      title: title,
      columns: [
        .init("kernel", key: "kernel", isText: true, place: .above), .init("status", key: "status", isText: true),
        .init("row or kind", key: "row", isText: true), .init("calls", unit: findings.extent, key: "calls_in_pass"),
        .init("time", unit: "a call", key: "observed_seconds"),
        .init("time", unit: findings.extent, key: "observed_in_pass_seconds"),
        .init("share", unit: "%", key: "share_of_pass"),
      ],
      rows: findings.match.entries.map { entry in
        let label = findings.label(of: entry.verdict)
        return .cells([
          .text(entry.name), .text(label.status), .text(label.row), .ratio(Double(entry.launches) / count),
          .time(entry.launches > 0 ? Seconds(entry.seconds / Double(entry.launches)) : nil),
          .time(Seconds(entry.seconds / count)), .share(whole > 0 ? entry.seconds / whole : 0),
        ])
      })
  }
}
