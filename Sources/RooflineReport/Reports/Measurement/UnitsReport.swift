import RooflineCore
import RooflineMeasurement

/// What `measure --suite units` prints: a line a case.
package struct UnitsReport {
  package let run: CheckRun
  package let device: DeviceProperties
  /// What keeps a cuBLASLt that is there from being used.
  package let matrixFault: GPUFault?

  package init(_ run: CheckRun, device: DeviceProperties, matrixFault: GPUFault?) {
    self.run = run
    self.device = device
    self.matrixFault = matrixFault
  }

  package var report: Report {
    Report(
      sections: (run.entries.isEmpty ? [] : [.table(table)]) + [.notes(Notes(lines, indent: 13))],
      records: .init(key: "device", [table]), document: UnitsDocument(self))
  }

  private var table: Table {
    Table(
      title: "checked on \(device.name)",
      columns: [
        .init("case", key: "case", isText: true), .init("kernel", key: "family", isText: true),
        .init("dtype", key: "dtype", isText: true), .init("compared", key: "compared_elements"),
        .init("of", key: "output_elements"), .init("largest error", unit: "% of tolerance", key: "worst_error"),
        .init("result", key: "result", isText: true),
      ],
      rows: run.entries.map { entry in
        let check = entry.check
        return .cells([
          .text(entry.name), .text(entry.family ?? ""), .text(entry.task.formats.residual.rawValue),
          .integer(check.map { UInt64($0.compared) }), .integer(check.map { UInt64($0.elements) }),
          .share(check?.worst), .text(entry.verdict),
        ])
      })
  }

  /// What stands below the table.
  package var lines: [String] {
    var lines: [String] = []
    if device.isStandIn { lines.append("stand-in     a CPU computed these; nothing here is said of a GPU") }
    if let matrixFault { lines.append("no cuBLASLt  \(matrixFault.sentence)") }
    for entry in run.entries {
      if case .refused(let reason) = entry.outcome { lines.append("not run      \(entry.name): \(reason)") }
    }
    lines.append("right        \(count("right")) of \(run.entries.count + run.left) cases, \(count("wrong")) wrong")
    return lines
  }

  private func count(_ verdict: String) -> Int { run.entries.count { $0.verdict == verdict } }

  /// Everything that is wrong, a sentence each.
  package var faults: [String] {
    var sentences = run.entries.compactMap { entry -> String? in
      if case .wrong(let fault) = entry.outcome { "\(entry.name): \(fault.sentence)" } else { nil }
    }
    if sentences.isEmpty, run.end == .finished, count("right") == 0 {
      sentences.append("nothing was checked: none of the cases runs on this GPU; their reasons are listed")
    }
    switch run.end {
    case .finished: break
    case .interrupted: sentences.append("interrupted: cases left to check: \(run.left)")
    case .deviceLost: sentences.append("the GPU answers nothing after that fault: cases left to check: \(run.left)")
    }
    return sentences
  }
}

extension CheckRun.Entry {
  fileprivate var name: String { task.names.first ?? task.columns.description }

  fileprivate var verdict: String {
    switch outcome {
    case .right: "right"
    case .wrong: "wrong"
    case .refused: "not run"
    }
  }

  fileprivate var check: KernelMeasurement.Check? { if case .right(_, let check) = outcome { check } else { nil } }
  fileprivate var family: String? { if case .right(let family, _) = outcome { family } else { nil } }

  fileprivate var reason: String? {
    switch outcome {
    case .right: nil
    case .wrong(let fault): fault.sentence
    case .refused(let reason): reason
    }
  }
}

/// `measure --suite units`, for machines.
private struct UnitsDocument: Encodable {
  let schemaVersion = 1
  let device: DevicePropertiesDocument
  let isFake: Bool
  let units: [Unit]

  struct Unit: Encodable {
    let name, `operator`, dtype, result: String
    @Nullable var family: String?
    @Nullable var comparedElements: Int?
    @Nullable var outputElements: Int?
    /// The largest error as a share of what is tolerated.
    @Nullable var worstError: Double?
    @Nullable var reason: String?
  }

  init(_ report: UnitsReport) {
    device = DevicePropertiesDocument(report.device)
    isFake = report.device.isStandIn
    units = report.run.entries.map { entry in
      Unit(
        name: entry.name, operator: entry.task.columns.description, dtype: entry.task.formats.residual.rawValue,
        result: entry.verdict, family: entry.family, comparedElements: entry.check?.compared,
        outputElements: entry.check?.elements, worstError: entry.check?.worst, reason: entry.reason)
    }
  }
}
