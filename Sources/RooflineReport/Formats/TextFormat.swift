import RooflineCore

/// Tables for a terminal.
public struct TextFormat: Sendable {
  public static let pageWidth = 120

  /// ANSI colours: only where a person looks.
  public let usesColor: Bool
  /// Whether the breakdown stays in the table however wide that makes it.
  public let isWide: Bool

  public init(usesColor: Bool, isWide: Bool) {
    self.usesColor = usesColor
    self.isWide = isWide
  }

  public func render(_ table: Table) -> String {
    let whole = grid(table)
    guard !isWide, whole.width > TextFormat.pageWidth, table.columns.contains(where: \.isBreakdown) else {
      return whole.text
    }
    let all = Array(table.columns.indices)
    let main = table.keeping(all.filter { !table.columns[$0].isBreakdown }, title: table.title)
    let breakdown = table.keeping(
      all.filter { $0 == 0 || table.columns[$0].isBreakdown }, title: "memory by class (a row is one occurrence)")
    return grid(main).text + "\n" + grid(breakdown).text
  }

  private func grid(_ table: Table) -> (text: String, width: Int) {
    let body = table.rows.map { row -> [String]? in
      guard case .cells(let cells) = row else { return nil }
      return cells.map(\.scaled)
    }
    let widths = table.columns.indices.map { column in
      max(
        table.columns[column].title.count, table.columns[column].unit.count,
        body.compactMap { $0?[column].count }.max() ?? 0)
    }
    let width = widths.reduce(0, +) + (widths.count - 1)
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return table.columns[column].isText ? cells[column] + space : space + cells[column]
      }
      var line = padded.joined(separator: " ")
      while line.last == " " { line.removeLast() }
      return line
    }
    var lines = [bold(table.title.printableLine), bold(line(table.columns.map(\.title)))]
    if table.columns.contains(where: { !$0.unit.isEmpty }) { lines.append(line(table.columns.map(\.unit))) }
    for (row, cells) in zip(table.rows, body) {
      guard let cells, case .cells(let values) = row else {
        lines.append(String(repeating: "─", count: width))
        continue
      }
      lines.append(colored(line(cells), values))
    }
    return (lines.joined(separator: "\n") + "\n", width)
  }

  private static let (strong, plain) = ("\u{1B}[1m", "\u{1B}[0m")

  private static func color(of bound: Bound) -> String {
    switch bound {
    case .compute, .latency: "\u{1B}[33m"
    case .memory: "\u{1B}[36m"
    case .network: "\u{1B}[35m"
    }
  }

  /// Every sequence that a table in colour holds.
  static let colors = [strong, plain] + Bound.allCases.map(color)

  private func bold(_ text: String) -> String { usesColor ? Self.strong + text + Self.plain : text }

  /// The bound's word in its colour.
  private func colored(_ line: String, _ cells: [Table.Cell]) -> String {
    guard usesColor else { return line }
    for case .bound(let bound) in cells {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      return words.map { $0 == bound.rawValue ? Self.color(of: bound) + $0 + Self.plain : String($0) }.joined(
        separator: " ")
    }
    return line
  }
}

extension TextFormat {
  /// Lines below a table: a word in the first nine columns, then what it is about.
  static func lines(_ lines: [String]) -> String { lines.map { wrapped($0.printableLine, indent: 9) + "\n" }.joined() }

  /// A line broken at blanks where the page ends, continuation lines indented. Blanks inside a line stay as they are.
  static func wrapped(_ line: String, indent: Int) -> String {
    var lines: [String] = []
    let line = line.printable
    var rest = line[...]
    var margin = ""
    while margin.count + rest.count > pageWidth {
      let room = rest.prefix(pageWidth - margin.count)
      guard let blank = room.lastIndex(of: " "), blank > (room.firstIndex { $0 != " " } ?? room.startIndex) else {
        break
      }
      lines.append(margin + rest[..<blank])
      rest = rest[rest.index(after: blank)...]
      margin = String(repeating: " ", count: indent)
    }
    return (lines + [margin + rest]).joined(separator: "\n")
  }
}
