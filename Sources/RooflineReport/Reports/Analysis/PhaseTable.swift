import RooflineAnalysis
import RooflineCore

/// The roofline table of a forward pass: a row an operator, the sums of a layer and of the model below.
enum PhaseTable {
  /// A time that is no row's.
  struct Answer {
    let name: String
    let time: Seconds?
    let achieved: Seconds?
  }

  /// - Parameters:
  ///   - rates: whose roofs nothing is above.
  ///   - achieved: the same pass at achieved ceilings, whose times stand beside the datasheet's.
  ///   - answers: what a user waits for, in last lines, at both kinds of rates.
  static func table(
    _ phase: PhaseAnalysis, rates: DeviceRates, achieved: PhaseAnalysis? = nil,
    answers: [Answer] = [], title: String
  ) -> Table {
    let whole = phase.model.time
    let rows = phase.operators.map { row in
      Line(
        name: phase.label(of: row), occurrences: .count(row.occurrences), row, rates,
        share: .share(share(row.time, row.occurrences, of: whole)))
    }
    func lines(_ sums: [PhaseSum]) -> [Line] {
      sums.map { Line($0, rates, share: .share(share($0.total.time, $0.occurrences ?? 1, of: whole))) }
    }
    var blocks = [rows, lines(phase.layerSums), lines(phase.modelSums)]
    if let achieved {
      let times = [
        achieved.operators.map(\.time), achieved.layerSums.map(\.total.time), achieved.modelSums.map(\.total.time),
      ]
      for (block, times) in zip(blocks.indices, times) {
        for (index, time) in zip(blocks[block].indices, times) { blocks[block][index].achievedTime = time }
      }
    }
    blocks.append(
      answers.map { answer in
        var line = Line(name: answer.name, time: answer.time)
        line.achievedTime = answer.achieved
        return line
      })
    return table(blocks, Column.allCases.filter { $0 != .achievedTime || achieved != nil }, title: title)
  }

  /// Rows of a pass that is no phase of the text part, and their sum.
  static func table(
    _ operators: [RowPrediction], total: PhaseAnalysis.Total, rates: DeviceRates, title: String
  ) -> Table {
    let rows = operators.map { row in
      Line(
        name: row.name.rawValue, occurrences: .count(row.occurrences), row, rates,
        share: .share(share(row.time, row.occurrences, of: total.time)))
    }
    let all = PhaseSum(name: "all rows", occurrences: nil, rows: operators.map { ($0, $0.occurrences) })
    return table(
      [rows, [Line(all, rates, share: .share(share(total.time, 1, of: total.time)))]],
      Column.allCases.filter { $0 != .achievedTime }, title: title)
  }

  /// Operators by themselves, which have no occurrences and no share of anything.
  static func table(
    _ rows: [(name: String, prediction: OperatorPrediction)], rates: DeviceRates, title: String
  ) -> Table {
    let lines = rows.map { Line(name: $0.name, $0.prediction, rates) }
    return table([lines], Column.allCases.filter { ![.occurrences, .achievedTime, .share].contains($0) }, title: title)
  }

  /// - Parameter blocks: lines with a rule between them.
  private static func table(_ blocks: [[Line]], _ columns: [Column], title: String) -> Table {
    let rows = blocks.filter { !$0.isEmpty }.map { lines in
      lines.map { line in Table.Row.cells(columns.map { $0.cell(of: line) }) }
    }
    return Table(
      title: title, columns: columns.map { $0.head(besideAchieved: columns.contains(.achievedTime)) },
      rows: Array(rows.joined(separator: [.rule])))
  }

  /// What a row is about.
  private struct Line {
    let name: String
    var occurrences = Table.Cell.empty
    /// nil of a line that is a time alone.
    var cost: OperatorCost?
    let time: Seconds?
    var achievedTime: Seconds?
    var bound = Table.Cell.empty
    var share = Table.Cell.empty
    var attainable: FLOPsPerSecond?

    /// A time alone.
    init(name: String, time: Seconds?) {
      self.name = name
      self.time = time
    }

    init(name: String, _ prediction: OperatorPrediction, _ rates: DeviceRates) {
      self.init(name: name, time: prediction.time)
      cost = prediction.cost
      bound = .bound(prediction.knownBound)
      attainable = prediction.cost.attainablePerformance(in: time, rates: rates)
    }

    init(name: String, occurrences: Table.Cell, _ row: RowPrediction, _ rates: DeviceRates, share: Table.Cell) {
      self.init(name: name, row.prediction, rates)
      self.occurrences = occurrences
      self.share = share
    }

    /// A sum is not above the highest roof of its rows.
    init(_ sum: PhaseSum, _ rates: DeviceRates, share: Table.Cell) {
      let total = sum.total
      self.init(name: sum.name, time: total.time)
      occurrences = sum.occurrences.map { .count($0) } ?? .empty
      cost = total.cost
      self.share = share
      attainable = total.cost.attainablePerformance(
        in: time, below: sum.rows.compactMap { $0.row.cost.mainUnit(rates)?.rate }.max())
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
      func count(_ value: (OperatorCost) -> Count) -> Table.Cell { line.cost.map { .count(value($0)) } ?? .empty }
      return switch self {
      case .name: .text(line.name)
      case .occurrences: line.occurrences
      case .flops: count(\.flops.total)
      case .memory: count(\.traffic.total)
      case .intensity: line.cost.map { .ratio($0.arithmeticIntensity?.value) } ?? .empty
      case .attainable: line.cost == nil ? .empty : .rate(line.attainable?.value)
      case .bound: line.bound
      case .time: .time(line.time)
      case .achievedTime: .time(line.achievedTime)
      case .share: line.share
      case .loadWeight: count(\.traffic.loadWeight)
      case .loadActivation: count(\.traffic.loadActivation)
      case .storeActivation: count(\.traffic.storeActivation)
      case .loadKVCache: count(\.traffic.loadKVCache)
      case .storeKVCache: count(\.traffic.storeKVCache)
      case .wire: count(\.wireBytes)
      }
    }
  }

  private static func share(_ time: Seconds?, _ occurrences: Count, of whole: Seconds?) -> Double? {
    guard let time, let whole, whole.value > 0 else { return nil }
    return time.value * Double(occurrences.value) / whole.value
  }
}
