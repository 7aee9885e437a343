import RooflineCore

/// The roofline table of a forward pass: a row an operator, the sums of a layer and of the model below.
public enum PhaseTable {
  public static let columns: [Table.Column] = [
    .init("operator", key: "operator", isText: true),
    .init("×", key: "occurrences"),
    .init("FLOPs", unit: "FLOP", key: "flops"),
    .init("memory", unit: "B", key: "memory_bytes"),
    .init("intensity", unit: "FLOP/B", key: "arithmetic_intensity_flops_per_byte"),
    .init("attainable", unit: "FLOP/s", key: "attainable_flops_per_second"),
    .init("bound", key: "bound", isText: true),
    .init("time", key: "time_seconds"),
    .init("share", unit: "%", key: "share_of_model_time"),
    .init("load weight", unit: "B", key: "load_weight_bytes", isBreakdown: true),
    .init("load act", unit: "B", key: "load_activation_bytes", isBreakdown: true),
    .init("store act", unit: "B", key: "store_activation_bytes", isBreakdown: true),
    .init("load KV", unit: "B", key: "load_kv_cache_bytes", isBreakdown: true),
    .init("store KV", unit: "B", key: "store_kv_cache_bytes", isBreakdown: true),
    .init("wire", unit: "B", key: "wire_bytes", isBreakdown: true),
  ]

  /// The same beside the times at achieved ceilings: two time columns, each under the name of its roofs.
  ///
  /// - Parameter achieved: the same pass at those ceilings.
  static func table(_ phase: PhaseAnalysis, achieved: PhaseAnalysis, title: String) -> Table {
    let datasheet = table(phase, title: title)
    let place = (columns.firstIndex { $0.key == "time_seconds" } ?? 0) + 1
    var wide = datasheet.columns
    wide[place - 1] = .init("time", unit: "datasheet", key: "time_seconds")
    wide.insert(.init("time", unit: "achieved", key: "achieved_time_seconds"), at: place)
    let times = achieved.operators.map(\.time) + achieved.layers.map(\.total.time) + [achieved.model.time]
    var next = times.makeIterator()
    let rows = datasheet.rows.map { row -> Table.Row in
      guard case .cells(var cells) = row else { return row }
      cells.insert(.time(next.next() ?? nil), at: place)
      return .cells(cells)
    }
    return Table(title: title, columns: wide, rows: rows)
  }

  public static func table(_ phase: PhaseAnalysis, title: String) -> Table {
    let whole = phase.model.time
    var rows = phase.operators.map { row in
      Table.Row.cells(
        cells(
          phase.label(of: row), occurrences: row.occurrences, row.prediction,
          share: share(row.time, row.occurrences, of: whole)))
    }
    rows.append(.rule)
    for layer in phase.layers { rows.append(.cells(cells(layer.name, layer.total, share: nil))) }
    rows.append(.cells(cells("model", phase.model, share: whole.map { _ in 1 })))
    return Table(title: title, columns: columns, rows: rows)
  }

  /// One operator on its own, without a share of anything.
  public static func cells(
    _ name: String, occurrences: Count, _ row: OperatorPrediction, share: Double?
  ) -> [Table.Cell] {
    [.text(name), .count(occurrences)]
      + numbers(row.cost, row.time, .bound(row.bound), share: share.map { .share($0) } ?? .share(nil))
  }

  private static func cells(_ name: String, _ total: PhaseAnalysis.Total, share: Double?) -> [Table.Cell] {
    [.text(name), .empty] + numbers(total.cost, total.time, .empty, share: share.map { .share($0) } ?? .empty)
  }

  private static func numbers(_ cost: OperatorCost, _ time: Seconds?, _ bound: Table.Cell, share: Table.Cell) -> [Table
    .Cell]
  {
    [
      .count(cost.flops.total), .count(cost.traffic.total), .ratio(cost.arithmeticIntensity?.value),
      .rate(cost.attainablePerformance(in: time)?.value), bound, .time(time), share,
      .count(cost.traffic.loadWeight), .count(cost.traffic.loadActivation), .count(cost.traffic.storeActivation),
      .count(cost.traffic.loadKVCache), .count(cost.traffic.storeKVCache), .count(cost.wireBytes),
    ]
  }

  private static func share(_ time: Seconds?, _ occurrences: Count, of whole: Seconds?) -> Double? {
    guard let time, let whole, whole.value > 0 else { return nil }
    return time.value * Double(occurrences.value) / whole.value
  }
}

extension PhaseAnalysis {
  /// The sums over a layer of each group, under the names that they have in tables.
  var layers: [(name: String, total: Total)] {
    guard !groups.isEmpty else { return [("layer", layer)] }
    return zip(groups, groups.indices).map { group, index in
      ("\(group.layers) × layer (\(group.name))", layer(of: index))
    }
  }
}
