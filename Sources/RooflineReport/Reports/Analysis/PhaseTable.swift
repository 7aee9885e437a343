import RooflineCore

/// The roofline table of a forward pass: a row an operator, the sums of a layer and of the model below.
enum PhaseTable {
  /// - Parameter achieved: the same pass at achieved ceilings, whose times stand beside the datasheet's.
  static func table(_ phase: PhaseAnalysis, achieved: PhaseAnalysis? = nil, title: String) -> Table {
    let whole = phase.model.time
    var lines = phase.operators.map { row in
      let share = share(row.time, row.occurrences, of: whole)
      return Line(
        name: phase.label(of: row), occurrences: .count(row.occurrences), row.cost, row.time, bound: .bound(row.bound),
        share: .share(share))
    }
    lines += phase.layers.map { Line(name: $0.name, $0.total.cost, $0.total.time) }
    lines.append(
      Line(name: "model", phase.model.cost, phase.model.time, share: whole.map { _ in .share(1) } ?? .empty))
    if let achieved {
      let times = achieved.operators.map(\.time) + achieved.layers.map(\.total.time) + [achieved.model.time]
      for (index, time) in zip(lines.indices, times) { lines[index].achievedTime = time }
    }
    return table(lines, Column.allCases.filter { $0 != .achievedTime || achieved != nil }, title: title) {
      $0.insert(.rule, at: phase.operators.count)
    }
  }

  /// Rows of a pass that is no phase of the text part, and their sum.
  static func table(_ operators: [RowPrediction], total: PhaseAnalysis.Total, title: String) -> Table {
    let lines =
      operators.map { row in
        Line(
          name: row.name.rawValue, occurrences: .count(row.occurrences), row.cost, row.time, bound: .bound(row.bound),
          share: .share(share(row.time, row.occurrences, of: total.time)))
      } + [Line(name: "all rows", total.cost, total.time, share: total.time.map { _ in .share(1) } ?? .empty)]
    return table(lines, Column.allCases.filter { $0 != .achievedTime }, title: title) {
      $0.insert(.rule, at: operators.count)
    }
  }

  /// Operators by themselves, which have no occurrences and no share of anything.
  static func table(_ rows: [(name: String, prediction: OperatorPrediction)], title: String) -> Table {
    let lines = rows.map { row in
      Line(name: row.name, row.prediction.cost, row.prediction.time, bound: .bound(row.prediction.bound))
    }
    return table(lines, Column.allCases.filter { ![.occurrences, .achievedTime, .share].contains($0) }, title: title)
  }

  private static func table(
    _ lines: [Line], _ columns: [Column], title: String, change: (inout [Table.Row]) -> Void = { _ in }
  ) -> Table {
    var rows = lines.map { line in Table.Row.cells(columns.map { $0.cell(of: line) }) }
    change(&rows)
    return Table(
      title: title, columns: columns.map { $0.head(besideAchieved: columns.contains(.achievedTime)) }, rows: rows)
  }

  /// What a row is about.
  private struct Line {
    let name: String
    let occurrences: Table.Cell
    let cost: OperatorCost
    let time: Seconds?
    var achievedTime: Seconds?
    let bound: Table.Cell
    let share: Table.Cell

    init(
      name: String, occurrences: Table.Cell = .empty, _ cost: OperatorCost, _ time: Seconds?,
      bound: Table.Cell = .empty, share: Table.Cell = .empty
    ) {
      self.name = name
      self.occurrences = occurrences
      self.cost = cost
      self.time = time
      self.bound = bound
      self.share = share
    }
  }

  /// The columns in their order.
  private enum Column: CaseIterable {
    case name, occurrences, flops, memory, intensity, attainable, bound, time, achievedTime, share
    case loadWeight, loadActivation, storeActivation, loadKVCache, storeKVCache, wire

    /// - Parameter besideAchieved: whether times at achieved ceilings stand there, too.
    func head(besideAchieved: Bool) -> Table.Column {
      switch self {
      case .name: .init("operator", key: "operator", isText: true)
      case .occurrences: .init("×", key: "occurrences")
      case .flops: .init("FLOPs", unit: "FLOP", key: "flops")
      case .memory: .init("memory", unit: "B", key: "memory_bytes")
      case .intensity: .init("intensity", unit: "FLOP/B", key: "arithmetic_intensity_flops_per_byte")
      case .attainable: .init("attainable", unit: "FLOP/s", key: "attainable_flops_per_second")
      case .bound: .init("bound", key: "bound", isText: true)
      case .time: .init("time", unit: besideAchieved ? "datasheet" : "", key: "time_seconds")
      case .achievedTime: .init("time", unit: "achieved", key: "achieved_time_seconds")
      case .share: .init("share", unit: "%", key: "share_of_model_time")
      case .loadWeight: .init("load weight", unit: "B", key: "load_weight_bytes", place: .breakdown)
      case .loadActivation: .init("load act", unit: "B", key: "load_activation_bytes", place: .breakdown)
      case .storeActivation: .init("store act", unit: "B", key: "store_activation_bytes", place: .breakdown)
      case .loadKVCache: .init("load KV", unit: "B", key: "load_kv_cache_bytes", place: .breakdown)
      case .storeKVCache: .init("store KV", unit: "B", key: "store_kv_cache_bytes", place: .breakdown)
      case .wire: .init("wire", unit: "B", key: "wire_bytes", place: .breakdown)
      }
    }

    func cell(of line: Line) -> Table.Cell {
      let (cost, traffic) = (line.cost, line.cost.traffic)
      return switch self {
      case .name: .text(line.name)
      case .occurrences: line.occurrences
      case .flops: .count(cost.flops.total)
      case .memory: .count(traffic.total)
      case .intensity: .ratio(cost.arithmeticIntensity?.value)
      case .attainable: .rate(cost.attainablePerformance(in: line.time)?.value)
      case .bound: line.bound
      case .time: .time(line.time)
      case .achievedTime: .time(line.achievedTime)
      case .share: line.share
      case .loadWeight: .count(traffic.loadWeight)
      case .loadActivation: .count(traffic.loadActivation)
      case .storeActivation: .count(traffic.storeActivation)
      case .loadKVCache: .count(traffic.loadKVCache)
      case .storeKVCache: .count(traffic.storeKVCache)
      case .wire: .count(cost.wireBytes)
      }
    }
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
