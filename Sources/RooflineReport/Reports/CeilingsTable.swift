import RooflineCore

/// Achieved ceilings beside the datasheet's.
public struct CeilingsTable {
  public let ceilings: AchievedCeilings
  /// nil where no file says what the datasheet has.
  public let hardware: HardwareSpec?

  public init(_ ceilings: AchievedCeilings, hardware: HardwareSpec?) {
    self.ceilings = ceilings
    self.hardware = hardware
  }

  public var table: Table {
    Table(
      title: "ceilings of \(ceilings.gpu): datasheet and achieved",
      columns: [
        .init("ceiling", key: "ceiling", isText: true), .init("unit", key: "unit", isText: true),
        .init("datasheet", key: "datasheet"), .init("achieved", key: "achieved"),
        .init("share", unit: "%", key: "share"),
      ], rows: rows)
  }

  private var rows: [Table.Row] {
    var rows = [
      row("memory (copy, read and written)", "B/s", hardware?.memory?.bandwidth, ceilings.bandwidth),
      row("L2 cache (read)", "B/s", nil, ceilings.l2Bandwidth),
    ]
    for dtype in DType.allCases {
      guard let sustained = ceilings.sustained[dtype] else { continue }
      let datasheet = dtype.runsOnTensorCores ? hardware?.compute?.tensor[dtype] : hardware?.compute?.vector
      let unit = dtype == .int8 ? "OP/s" : "FLOP/s"
      rows.append(row("\(dtype.rawValue) products, burst", unit, datasheet, ceilings.burst[dtype]))
      rows.append(row("\(dtype.rawValue) products, sustained", unit, datasheet, sustained))
    }
    rows.append(row("exponentials", "1/s", hardware?.specialRate, ceilings.special))
    for floor in ceilings.floors {
      rows.append(
        .cells([
          .text("empty kernel, \(floor.launch)"), .text("s"), .text("–"), .time(Seconds(floor.seconds)), .share(nil),
        ]))
    }
    return rows
  }

  private func row(_ name: String, _ unit: String, _ datasheet: Double?, _ achieved: Double?) -> Table.Row {
    let share = datasheet.flatMap { datasheet in achieved.map { $0 / datasheet } }
    return .cells([.text(name), .text(unit), .rate(datasheet), .rate(achieved), .share(share)])
  }

  /// Raw SI values; null for what is not known.
  public func json() throws -> String {
    try JSONFormat().render(
      CeilingsComparison(
        gpu: ceilings.gpu, file: ceilings.path,
        ceilings: rows.compactMap { row in
          guard case .cells(let cells) = row else { return nil }
          return CeilingsComparison.Entry(
            ceiling: cells[0].raw, unit: cells[1].raw, datasheet: Double(cells[2].raw), achieved: Double(cells[3].raw),
            share: Double(cells[4].raw))
        }))
  }
}

/// `devices --ceilings`, for machines.
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
}

/// Curves of measured ceilings, for machines.
public struct CeilingsCurves {
  public let ceilings: MeasuredCeilings

  public init(_ ceilings: MeasuredCeilings) { self.ceilings = ceilings }

  public var table: Table {
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
