import RooflineCore
import RooflineTraces

/// Two traces side by side: the rows of both, and what is no row's.
package struct TraceComparison {
  package let first, second: TraceFindings

  package init(_ first: TraceFindings, _ second: TraceFindings) {
    self.first = first
    self.second = second
  }

  /// A row, or kernels of a kind, in a pass of each trace.
  struct Line: Encodable {
    let name: String
    @Nullable var firstRoofSeconds: Double?
    @Nullable var firstSeconds: Double?
    @Nullable var secondRoofSeconds: Double?
    @Nullable var secondSeconds: Double?
    /// Second minus first.
    let differenceSeconds: Double
    let isRow: Bool
  }

  /// The largest differences first.
  var lines: [Line] {
    struct Half {
      var roof: Double?
      var seconds: Double?
      var isRow = true
    }
    func halves(_ findings: TraceFindings) -> [(name: String, half: Half)] {
      findings.lines().map { line in
        (line.operation, Half(roof: line.roof.map { $0 * Double(line.occurrences) }, seconds: line.observedInPass))
      } + findings.others().map { ($0.name, Half(seconds: $0.seconds, isRow: false)) }
    }
    let (left, right) = (halves(first), halves(second))
    let others = Dictionary(right.map { ($0.name, $0.half) }) { own, _ in own }
    let known = Set(left.map(\.name))
    let pairs =
      left.map { ($0.name, Optional($0.half), others[$0.name]) }
      + right.filter { !known.contains($0.name) }.map { ($0.name, nil, Optional($0.half)) }
    return pairs.map { name, one, other in
      Line(
        name: name, firstRoofSeconds: one?.roof, firstSeconds: one?.seconds, secondRoofSeconds: other?.roof,
        secondSeconds: other?.seconds, differenceSeconds: Self.difference(other?.seconds ?? 0, one?.seconds ?? 0),
        isRow: (one ?? other)?.isRow ?? true)
    }.sorted { ($0.differenceSeconds.magnitude, $1.name) > ($1.differenceSeconds.magnitude, $0.name) }
  }

  /// Sums of equal times in another order are equal.
  private static func difference(_ left: Double, _ right: Double) -> Double {
    let difference = left - right
    return difference.magnitude < 1e-9 * max(left, right) ? 0 : difference
  }

  package var report: Report {
    Report(
      title: ["\(first.name) (A) and \(second.name) (B), times of a pass"],
      sections: [.table(table(title: "by difference")), .notes(Notes(notes))],
      records: .init(key: "traces", [table(title: "\(first.name), \(second.name)")]), document: TraceDocument(self))
  }

  private var notes: [String] {
    TraceNotes(first).lines.map { "A \($0)" } + TraceNotes(second).lines.map { "B \($0)" }
  }

  private func table(title: String) -> Table {
    func time(_ seconds: Double?) -> Table.Cell { .time(seconds.map { Seconds($0) }) }
    let lines = self.lines
    func cells(_ line: Line) -> Table.Row {
      .cells([
        .text(line.name), time(line.firstRoofSeconds), time(line.firstSeconds), time(line.secondRoofSeconds),
        time(line.secondSeconds), time(line.differenceSeconds),
        .ratio(
          line.firstSeconds.flatMap { one in line.secondSeconds.map { one > 0 ? $0 / one : .infinity } }.flatMap {
            $0.isFinite ? $0 : nil
          }),
      ])
    }
    let all = Line(
      name: "all", firstRoofSeconds: nil, firstSeconds: first.secondsInPass, secondRoofSeconds: nil,
      secondSeconds: second.secondsInPass, differenceSeconds: second.secondsInPass - first.secondsInPass, isRow: false)
    return Table(
      title: title,
      columns: [
        .init("operator", key: "operator", isText: true), .init("roof", unit: "A", key: "first_roof_in_pass_seconds"),
        .init("observed", unit: "A", key: "first_in_pass_seconds"),
        .init("roof", unit: "B", key: "second_roof_in_pass_seconds"),
        .init("observed", unit: "B", key: "second_in_pass_seconds"),
        .init("B − A", key: "difference_in_pass_seconds"), .init("B / A", key: "ratio"),
      ],
      rows: lines.map(cells) + [.rule, cells(all)])
  }
}
