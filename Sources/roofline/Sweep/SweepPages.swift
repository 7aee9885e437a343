import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineReport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a sweep prints: rows while they are computed, or the few that are asked for when all are.
struct SweepPages {
  let grid: SweepGrid
  let source: SweepSource
  let format: SweepOptions.Format
  let condition: SweepCondition?
  let surroundings: Surroundings

  /// How a run went: what is said at its end.
  struct End {
    var tally = SweepTally()
    var isWhole = true
    var isWritten = true
  }

  private var isText: Bool { format == .text }

  var lines: SweepLines { SweepLines(format == .csv ? .csv : .json) }

  var table: SweepTable { SweepTable(grid) }

  static var workers: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  // MARK: all rows

  /// Rows one after another, as they are computed.
  func rows(_ shard: SweepOptions.Shard?) -> Outcome {
    let range = (shard ?? .init(index: 1, count: 1)).range(of: grid.count ?? 0)
    var output = SweepOutput(surroundings)
    let (isText, lines, table, condition) = (isText, lines, table, condition)
    // One shard behind another is the whole: only the first has what stands above.
    if (shard?.index ?? 1) == 1 {
      output.put(isText ? "\(table.title)\n\(table.header())" : lines.header())
    }
    let end = run(range, showsProgress: !surroundings.isTerminal, &output) { row, text in
      // On a page, what is not possible is counted and named below.
      guard !isText || row.figures != nil, condition?.holds(row) ?? true else { return }
      if isText { table.append(row, to: &text) } else { lines.append(row, to: &text) }
    }
    return finish(end, output, ["\(Numbers.grouped(end.tally.rows)) configuration\(end.tally.rows == 1 ? "" : "s")"])
  }

  /// Goes through rows and makes text of them.
  private func run(
    _ range: Range<UInt64>, showsProgress: Bool, _ output: inout SweepOutput,
    _ append: @escaping @Sendable (SweepRow, inout String) -> Void
  ) -> End {
    var isWritten = true
    var end = run(
      range, showsProgress: showsProgress, work: { row, _, text in append(row, &text) }, "",
      take: { text in
        isWritten = output.put(text)
        return isWritten
      })
    end.isWritten = isWritten
    return end
  }

  /// Goes through rows, and makes something of each piece.
  func run<Result: Sendable>(
    _ range: Range<UInt64>, showsProgress: Bool,
    work: @escaping @Sendable (SweepRow, UInt64, inout Result) -> Void, _ empty: Result, take: (Result) -> Bool
  ) -> End {
    let line = showsProgress ? surroundings.progress.map { ProgressLine("sweep", $0) } : nil
    defer { line?.end() }
    var end = End()
    let condition = condition
    let run = SweepRun(grid, range, workers: Self.workers)
    end.isWhole = run.forEach(
      isStopped: { surroundings.write != nil && Interruption.isRequested },
      work: { rows, first in
        var result = empty
        var tally = SweepTally()
        for (place, row) in rows.enumerated() {
          tally.add(row, isKept: condition?.holds(row) ?? true)
          work(row, first + UInt64(place), &result)
        }
        return (result, tally)
      },
      take: { piece, done in
        end.tally.add(piece.1)
        line?.update("configurations", done: done, of: UInt64(range.count))
        return take(piece.0)
      })
    return end
  }

  // MARK: some rows

  func best(_ column: SweepColumn) -> Outcome {
    let condition = condition
    var best: SweepRow?
    let isBetter: @Sendable (SweepRow, SweepRow?) -> Bool = { row, other in
      guard let own = column.number(row) else { return false }
      guard let other, let known = column.number(other) else { return true }
      return column.isBetterSmall ? own < known : own > known
    }
    let end = run(
      0..<(grid.count ?? 0), showsProgress: true,
      work: { row, _, best in
        guard row.fits, isBetter(row, best), condition?.holds(row) ?? true else { return }
        best = row
      }, SweepRow?.none,
      take: { found in
        if let found, isBetter(found, best) { best = found }
        return true
      })
    return page(
      best.map { [$0] } ?? [], end,
      "best: \(column.isBetterSmall ? "smallest" : "largest") \(column.rawValue) of those that fit")
  }

  func pareto() -> Outcome {
    let condition = condition
    var front = ParetoFront()
    let end = run(
      0..<(grid.count ?? 0), showsProgress: true,
      work: { row, _, front in if condition?.holds(row) ?? true { front.add(row) } }, ParetoFront(),
      take: { found in
        front.add(found)
        return true
      })
    return page(
      front.rows, end,
      "pareto: no other that fits has as many tokens/s a user and tokens/s a GPU, and more of one")
  }

  /// Rows that were chosen.
  private func page(_ rows: [SweepRow], _ end: End, _ remark: String) -> Outcome {
    var output = SweepOutput(surroundings)
    var text = isText ? "\(table.title)\n\(table.header())" : lines.header()
    for row in rows { if isText { table.append(row, to: &text) } else { lines.append(row, to: &text) } }
    var end = end
    if end.isWhole, !rows.isEmpty { end.isWritten = output.put(text) }
    var outcome = finish(
      end, output,
      ["\(rows.count) of \(Numbers.grouped(end.tally.rows)) configuration\(end.tally.rows == 1 ? "" : "s")", remark],
      hasPage: !rows.isEmpty)
    if end.isWhole, rows.isEmpty {
      outcome.errors +=
        "roofline: no configuration fits\(condition == nil ? "" : " and is as --where asks"); nothing is best\n"
      outcome.exitCode = 1
    }
    return outcome
  }

  // MARK: the end

  /// What is said below the rows: on a page beside them, for machines on standard error.
  ///
  /// - Parameter hasPage: whether anything stands above.
  func finish(_ end: End, _ output: SweepOutput, _ remarks: [String], hasPage: Bool = true) -> Outcome {
    var output = output
    var outcome = Outcome()
    guard end.isWritten else {
      return Outcome(errors: "roofline: the output could not be written in full\n", exitCode: 1)
    }
    guard end.isWhole else {
      let count = Numbers.grouped(end.tally.rows)
      outcome.output = output.collected
      outcome.errors = "roofline: interrupted after \(count) of \(Numbers.grouped(grid.count ?? 0)) configurations\n"
      outcome.exitCode = 130
      return outcome
    }
    let lines = notes(end.tally, remarks)
    if isText, hasPage {
      guard output.put("\n" + lines.map { TextFormat.note($0.word, $0.text) }.joined()) else {
        return Outcome(errors: "roofline: the output could not be written in full\n", exitCode: 1)
      }
    } else {
      outcome.errors = lines.filter { $0.isRemark }.map { "roofline: note: \($0.text.onOneLine)\n" }.joined()
    }
    outcome.output = output.collected
    return outcome
  }

  private func notes(_ tally: SweepTally, _ remarks: [String]) -> [(word: String, text: String, isRemark: Bool)] {
    var counts = remarks
    if tally.impossibleCount > 0 { counts[0] += ", \(Numbers.grouped(tally.impossibleCount)) of them not possible" }
    if tally.misfits > 0 { counts[0] += ", \(Numbers.grouped(tally.misfits)) do not fit" }
    if tally.leftOut > 0 { counts[0] += ", \(Numbers.grouped(tally.leftOut)) left out by --where" }
    var lines = counts.enumerated().map {
      (word: $0.offset == 0 ? "rows" : "chosen", text: $0.element, isRemark: $0.offset > 0)
    }
    lines += tally.remarks.map { ("note", $0, true) }
    for configuration in source.configurations.prefix(8) {
      lines.append(("model", configuration.path, false))
      lines += configuration.notices.map { ("note", $0.sentence, true) }
    }
    return lines
  }
}

/// Where rows go: out at once, or into a text that the caller prints.
struct SweepOutput {
  private let write: (@Sendable (String) -> Bool)?
  private(set) var collected = ""

  init(_ surroundings: Surroundings) { write = surroundings.write }

  /// - Returns: false where the other side takes no more.
  @discardableResult
  mutating func put(_ text: String) -> Bool {
    guard !text.isEmpty else { return true }
    if let write { return write(text) }
    collected += text
    return true
  }
}
