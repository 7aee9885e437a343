import RooflineCore
import RooflineDeployment

/// Rows of a sweep for people. Columns are as wide as their values can be, since no row waits for the next one.
package struct SweepTable: Sendable {
  private struct Column: Sendable {
    let column: SweepColumn
    let title: String
    var unit = ""
    let width: Int
    var isText = false
  }

  private let columns: [Column]
  /// What all rows have in common.
  package let title: String

  /// - Parameter role: the width of a column in front, for a word about the row; nil: none.
  package init(_ grid: SweepGrid) {
    var columns: [Column] = []
    var common: [String] = []
    func words(_ column: SweepColumn, _ title: String, _ values: [String]) {
      let values = values.map(\.printableLine)
      if values.count == 1 {
        common += values
      } else {
        columns.append(
          Column(column: column, title: title, width: ([title] + values).map(\.count).max() ?? 0, isText: true))
      }
    }
    func numbers(_ column: SweepColumn, _ title: String, _ axis: NumberAxis, isUsual: Bool = false) {
      if axis.count == 1 {
        if !isUsual || axis[0] != 1 { common.append("\(title) \(axis[0])") }
      } else {
        columns.append(Column(column: column, title: title, width: max(title.count, String(axis.largest).count)))
      }
    }
    words(.model, "model", grid.models)
    words(.hardware, "GPU", grid.hardware)
    if grid.dtypes != [nil] { words(.dtype, "dtype", grid.dtypes.map { $0?.rawValue ?? Numbers.unknown }) }
    words(.time, "time", grid.times.count == 1 ? grid.times.map { "\($0) times" } : grid.times)
    if grid.engines != [nil] { words(.engine, "engine", grid.engines.map { $0 ?? Numbers.unknown }) }
    numbers(.tp, "tp", grid.tensorParallel)
    numbers(.pp, "pp", grid.pipeline, isUsual: true)
    numbers(.ep, "ep", grid.expert, isUsual: true)
    numbers(.dp, "dp", grid.data, isUsual: true)
    switch grid.load {
    case .none: numbers(.batch, "batch", grid.batch)
    case .together(let axis):
      common.append("all requests at once")
      numbers(.concurrency, "requests", axis)
    case .closed(let axis):
      common.append("closed loop")
      numbers(.concurrency, "in flight", axis)
    case .open(let rates):
      common.append("requests by chance")
      let words = rates.map { SweepLoad.open(perSecond: $0).number }
      if rates.count == 1 {
        common.append("\(words[0]) requests/s")
      } else {
        columns.append(
          Column(column: .arrival, title: "come", unit: "1/s", width: max(4, words.map(\.count).max() ?? 0)))
      }
    }
    numbers(.prompt, "prompt", grid.prompt)
    numbers(.generate, "generate", grid.generate)
    title = common.joined(separator: ", ")
    let gpus = [Column(column: .gpus, title: "GPUs", width: 4)]
    self.columns = columns + gpus + (grid.load == .none ? Self.ofBatch : Self.ofLoad(grid.load))
  }

  /// What a batch takes and yields.
  private static let ofBatch: [Column] =
    [
      Column(column: .ttft, title: "TTFT", width: 9), Column(column: .tpot, title: "TPOT", width: 9),
    ] + rates + [
      Column(column: .footprint, title: "memory", unit: "GB", width: 8),
      Column(column: .fits, title: "fits", width: 4, isText: true),
      Column(column: .prefillUtilization, title: "MFU", unit: "% pre", width: 5),
      Column(column: .decodeUtilization, title: "MFU", unit: "% dec", width: 5),
      Column(column: .prefillBound, title: "prefill", unit: "bound by", width: 8, isText: true),
      Column(column: .decodeBound, title: "decode", unit: "bound by", width: 8, isText: true),
    ]

  private static let rates = [
    Column(column: .userRate, title: "tokens/s", unit: "a user", width: 9),
    Column(column: .deviceRate, title: "tokens/s", unit: "a GPU", width: 9),
  ]

  /// What requests over time see; where they come by chance, whether they come too fast.
  private static func ofLoad(_ load: SweepLoadAxis) -> [Column] {
    func times(_ title: String, _ columns: [(column: SweepColumn, unit: String)]) -> [Column] {
      columns.map { Column(column: $0.column, title: title, unit: $0.unit, width: 9) }
    }
    let shared =
      times("TTFT", [(.ttft, "mean"), (.ttftMedian, "p50"), (.ttftP99, "p99")])
      + times("TPOT", [(.tpot, "mean"), (.tpotMedian, "p50"), (.tpotP99, "p99")])
      + [Column(column: .requestRate, title: "requests", unit: "1/s", width: 8)] + rates
    switch load {
    case .none, .together, .closed: return shared
    case .open: return shared + [Column(column: .queueGrows, title: "queue", unit: "grows", width: 5, isText: true)]
    }
  }

  /// Two lines above the rows.
  ///
  /// - Parameter last: what stands behind the columns; rows have a remark there.
  package func header(_ last: String = "") -> String {
    SweepTable.line(columns.map { SweepTable.padded($0.title, $0) } + [last])
      + SweepTable.line(columns.map { SweepTable.padded($0.unit, $0) })
  }

  package func append(_ row: SweepRow, _ remark: String = "", to text: inout String) {
    text += SweepTable.line(columns.map { SweepTable.padded(SweepTable.text($0.column, row), $0) } + [remark])
  }

  private static func line(_ cells: [String]) -> String {
    var line = cells.joined(separator: " ")
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }

  private static func padded(_ text: String, _ column: Column) -> String {
    let space = String(repeating: " ", count: max(0, column.width - text.count))
    return column.isText ? text + space : space + text
  }

  private static func text(_ column: SweepColumn, _ row: SweepRow) -> String {
    switch column.value(row) {
    case .unknown: Numbers.unknown
    case .truth(let truth): truth ? "yes" : "no"
    case .text(let text): text.printableLine
    case .integer(let integer):
      column == .footprint ? Numbers.fixed(Double(integer) / 1e9, decimals: 2) : String(integer)
    case .number(let number):
      switch column {
      case .ttft, .ttftMedian, .ttftP99, .tpot, .tpotMedian, .tpotP99: Numbers.time(Seconds(number))
      case .arrival: SweepLoad.open(perSecond: number).number
      case .prefillUtilization, .decodeUtilization: Numbers.percent(number)
      default: Numbers.fixed(number, decimals: 2)
      }
    }
  }
}
