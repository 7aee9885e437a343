import RooflineCore
import RooflineMeasurement

/// Achieved ceilings beside the datasheet's.
package struct CeilingsTable {
  package let ceilings: AchievedCeilings
  /// nil where no file says what the datasheet has.
  package let hardware: HardwareSpec?

  package init(_ ceilings: AchievedCeilings, hardware: HardwareSpec?) {
    self.ceilings = ceilings
    self.hardware = hardware
  }

  package var report: Report { Report(table, key: "gpu", notes: [], document: CeilingsComparison(self)) }

  var table: Table {
    Table(
      title: "ceilings of \(ceilings.gpu): datasheet and achieved",
      columns: [
        .init("ceiling", key: "ceiling", isText: true), .init("unit", key: "unit", isText: true),
        .init("datasheet", key: "datasheet"), .init("achieved", key: "achieved"),
        .init("share", unit: "%", key: "share"),
      ],
      rows: entries.map { entry in
        .cells([
          .text(entry.ceiling), .text(entry.unit), entry.isTime ? .text(Numbers.unknown) : .rate(entry.datasheet),
          entry.isTime ? .time(entry.achieved.map { Seconds($0) }) : .rate(entry.achieved), .share(entry.share),
        ])
      })
  }

  /// A rate, or the time of an empty kernel, which no datasheet has.
  fileprivate struct Entry {
    let ceiling, unit: String
    var datasheet: Double?
    let achieved: Double?
    var isTime = false

    var share: Double? { datasheet.flatMap { datasheet in achieved.map { $0 / datasheet } } }
  }

  fileprivate var entries: [Entry] {
    var entries = [
      Entry(
        ceiling: "memory (copy, read and written)", unit: "B/s", datasheet: hardware?.memory?.bandwidth,
        achieved: ceilings.bandwidth), Entry(ceiling: "L2 cache (read)", unit: "B/s", achieved: ceilings.l2Bandwidth),
    ]
    for dtype in DType.allCases {
      guard let sustained = ceilings.sustained[dtype] else { continue }
      let datasheet = dtype.runsOnTensorCores ? hardware?.compute?.tensor[dtype] : hardware?.compute?.vector
      let unit = dtype == .int8 ? "OP/s" : "FLOP/s"
      for (span, rate) in [("burst", ceilings.burst[dtype]), ("sustained", sustained)] {
        entries.append(
          Entry(ceiling: "\(dtype.rawValue) products, \(span)", unit: unit, datasheet: datasheet, achieved: rate))
      }
    }
    entries.append(
      Entry(ceiling: "exponentials", unit: "1/s", datasheet: hardware?.specialRate, achieved: ceilings.special))
    return entries
      + ceilings.floors.map {
        Entry(ceiling: "empty kernel, \($0.launch)", unit: "s", achieved: $0.seconds, isTime: true)
      }
  }
}

/// `devices --ceilings`, for machines: raw SI values; null for what is not known.
private struct CeilingsComparison: Encodable {
  let schemaVersion = 1
  let gpu: String
  let file: String
  let ceilings: [Entry]

  struct Entry: Encodable {
    let ceiling, unit: String
    @Nullable var datasheet: Double?
    @Nullable var achieved: Double?
    @Nullable var share: Double?
  }

  init(_ table: CeilingsTable) {
    gpu = table.ceilings.gpu
    file = table.ceilings.path
    ceilings = table.entries.map {
      Entry(
        ceiling: $0.ceiling, unit: $0.unit, datasheet: $0.datasheet, achieved: $0.achieved, share: $0.share)
    }
  }
}

/// Curves of measured ceilings, for machines.
struct CeilingsCurves {
  let ceilings: MeasuredCeilings

  var table: Table {
    var rows: [Table.Row] = ceilings.copies.map {
      row("copy", "bytes", Double($0.bytes), $0.time.median, $0.bandwidth, "B/s")
    }
    if let l2 = ceilings.l2 { rows.append(row("L2", "bytes", Double(l2.bytes), l2.time.median, l2.bandwidth, "B/s")) }
    for product in ceilings.products {
      rows += product.windows.map {
        row("\(product.dtype.rawValue) product", "seconds", $0.end, nil, $0.rate, "FLOP/s")
      }
    }
    if let special = ceilings.special {
      rows.append(row("exponentials", "operations", special.operations, special.time.median, special.rate, "1/s"))
    }
    rows += ceilings.floors.map { row("empty kernel, \($0.launch)", "", nil, $0.time.median, nil, "") }
    return Table(
      title: "ceilings",
      columns: [
        .init("curve", key: "curve", isText: true), .init("variable", key: "variable", isText: true),
        .init("x", key: "x"), .init("time", key: "time_s"), .init("rate", key: "rate"),
        .init("unit", key: "unit", isText: true),
      ], rows: rows)
  }

  private func row(
    _ curve: String, _ variable: String, _ x: Double?, _ time: Double?, _ rate: Double?, _ unit: String
  ) -> Table.Row {
    .cells([.text(curve), .text(variable), .rate(x), .time(time.map { Seconds($0) }), .rate(rate), .text(unit)])
  }
}
