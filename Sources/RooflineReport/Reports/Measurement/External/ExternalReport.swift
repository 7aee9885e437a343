import RooflineAnalysis
import RooflineCore
import RooflineMeasurement

/// What `measure --external` prints when it is done.
package struct ExternalReport {
  package let run: ExternalRun
  /// The GPU as the file calls it; nil where nobody said.
  package let gpu: String?
  package let hardware: HardwareSpec?
  /// The file that holds the observations; nil where there are none.
  package let output: String?
  /// Observations that an earlier run had left in the file.
  package let earlier: Int
  /// What a reader should know of the model whose operators these are.
  package let notices: [Notice]

  package init(
    _ run: ExternalRun, gpu: String?, hardware: HardwareSpec?, output: String?, earlier: Int, notices: [Notice]
  ) {
    self.run = run
    self.gpu = gpu
    self.hardware = hardware
    self.output = output
    self.earlier = earlier
    self.notices = notices
  }

  /// - Parameter document: the observation file; nil where the command said nothing of worth.
  package func report(_ document: ExternalObservationDocument) -> Report {
    Report(
      sections: (run.measurements.isEmpty ? [] : [.table(table)]) + [.notes(Notes(lines, indent: 13))],
      records: .init(key: "device", [records]), document: document)
  }

  private var records: Table {
    Table(
      title: gpu ?? "",
      columns: [
        .init("curve", key: "curve", isText: true), .init("variable", key: "variable", isText: true),
        .init("x", key: "x"), .init("operator", key: "operator", isText: true),
        .init("dtype", key: "dtype", isText: true), .init("mode", key: "mode", isText: true),
        .init("family", key: "family", isText: true), .init("timing", key: "timing", isText: true),
        .init("time", key: "time_s"), .init("noise", key: "noise"), .init("bytes/s", key: "bytes_per_second"),
        .init("FLOP/s", key: "flops_per_second"), .init("of roof", key: "share_of_roof"),
        .init("roof", key: "roof", isText: true),
      ],
      rows: run.measurements.map { measurement in
        let task = measurement.task
        return .cells(
          [
            .text(task.curve?.name ?? ""), .text(task.curve?.variable ?? ""), .integer(task.curve?.x),
            .text(task.columns.description), .text(task.formats.residual.rawValue), .text(measurement.mode.rawValue),
            .text(measurement.family), .text(measurement.procedure.rawValue),
            .time(Seconds(measurement.statistics.median)), .share(measurement.noise),
          ] + rates(measurement))
      })
  }

  private var table: Table {
    let modes = Set(run.measurements.map(\.mode))
    return Table(
      title: "measured by the command of --external on \(gpu ?? "")",
      columns: [
        .init("operator", key: "operator", isText: true), .init("family", key: "family", isText: true),
        .init("timing", key: "timing", isText: true),
      ] + (modes.count == 1 ? [] : [.init("mode", key: "mode", isText: true)]) + [
        .init("time", key: "time_s"), .init("noise", unit: "%", key: "noise"),
        .init("achieved", unit: "B/s", key: "bytes_per_second"), .init("", unit: "FLOP/s", key: "flops_per_second"),
        .init("of roof", unit: "%", key: "share_of_roof"), .init("roof", key: "roof", isText: true),
      ],
      rows: run.measurements.map { measurement in
        .cells(
          [
            .text(MeasurementReport.clipped(MeasurementReport.short(measurement.task))),
            .text(measurement.family), .text(measurement.procedure.rawValue),
          ] + (modes.count == 1 ? [] : [.text(measurement.mode.rawValue)]) + [
            .time(Seconds(measurement.statistics.median)), .share(measurement.noise),
          ] + rates(measurement))
      })
  }

  private func rates(_ measurement: ExternalMeasurement) -> [Table.Cell] {
    let median = measurement.statistics.median
    let cost = measurement.task.value.cost
    let roof = hardware.flatMap { MeasuredRoof(measurement.task, on: $0) }
    return [
      .rate(Double(cost.traffic.total.value) / median), .rate(Double(cost.flops.total.value) / median),
      .share(roof.map { $0.seconds / median }), .text(roof?.name ?? ""),
    ]
  }

  /// What stands below the table.
  package var lines: [String] {
    var lines: [String] = []
    if hardware == nil, let gpu {
      lines.append("no roofs     no hardware file fits \(gpu); --hardware names one")
    }
    lines += notices.map { "model        \($0.sentence)" }
    for measurement in run.measurements {
      guard let remark = measurement.remark else { continue }
      lines.append("remark       \(MeasurementReport.short(measurement.task)), \(measurement.family): \(remark)")
    }
    // One line a library and reason: what is missing is missing for every operator.
    var refused: [(what: String, reason: String, names: [String])] = []
    for refusal in run.skipped {
      let what = refusal.family ?? ""
      let name = MeasurementReport.short(refusal.task)
      if let place = refused.firstIndex(where: { $0.what == what && $0.reason == refusal.reason }) {
        refused[place].names.append(name)
      } else {
        refused.append((what, refusal.reason, [name]))
      }
    }
    for (what, reason, names) in refused {
      let first = names.count == 1 ? names[0] : "\(names.count) operators"
      lines.append("not measured \(first)\(what.isEmpty ? "" : " by \(what)"): \(reason)")
    }
    if let output {
      let count = run.measurements.count + earlier
      let kept = earlier == 0 ? "" : ", \(earlier) of them from before"
      lines.append("written      \(count) observation\(count == 1 ? "" : "s")\(kept) in \(output)")
    }
    return lines
  }

  /// Everything that is wrong, a sentence each.
  package var faults: [String] {
    var sentences = run.failed.map { failure in
      "\(MeasurementReport.short(failure.task))\(failure.family.map { " by \($0)" } ?? ""): \(failure.fault.sentence)"
    }
    let way = output.map { "; --resume --output \($0) goes on" } ?? "; nothing was written"
    switch run.end {
    case .finished:
      if output == nil, run.failed.isEmpty {
        sentences.append(
          "nothing was measured: the command of --external ran none of the operators; its reasons are listed")
      }
    case .interrupted: sentences.append("interrupted: tasks left to measure: \(run.left)\(way)")
    case .fault(let fault): sentences.append("\(fault.sentence)\(run.left > 0 || output == nil ? way : "")")
    }
    return sentences
  }
}
