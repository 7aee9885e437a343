import RooflineCore

/// Tables for a terminal.
package struct TextFormat: Sendable {
  package static let pageWidth = 120

  /// ANSI colours: only where a person looks.
  package let usesColor: Bool
  /// Whether the breakdown stays in the table however wide that makes it.
  package let isWide: Bool

  package init(usesColor: Bool, isWide: Bool) {
    self.usesColor = usesColor
    self.isWide = isWide
  }

  func render(_ report: Report) -> String {
    let title = report.title.map { broken($0, indent: 2) + "\n" }.joined()
    return ([title] + report.sections().map(render)).filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private func render(_ section: Report.Section) -> String {
    switch section {
    case .table(let table): render(table)
    case .facts(let facts): render(facts)
    case .listing(let listing): render(listing)
    case .notes(let notes): notes.lines.map { broken($0, indent: notes.indent) + "\n" }.joined()
    }
  }

  private func render(_ facts: Facts) -> String {
    let margin = String(repeating: " ", count: facts.indent)
    let lines = facts.entries.map { fact in
      margin + fact.name + String(repeating: " ", count: max(1, facts.width - fact.name.width)) + fact.text
    }
    let indent = facts.indent + facts.width
    return ((facts.title.map { [$0] } ?? []) + lines).map { broken($0, indent: indent) + "\n" }.joined()
  }

  private func render(_ listing: Listing) -> String {
    ((listing.title.map { [$0] } ?? []) + listing.lines).map { line in
      (listing.indent.map { broken(line, indent: $0) } ?? line.printableLine) + "\n"
    }.joined()
  }

  /// A line that ends with the page, unless the page is wide.
  private func broken(_ line: String, indent: Int) -> String {
    isWide ? line.printableLine : TextFormat.wrapped(line.printableLine, indent: indent)
  }

  package func render(_ table: Table) -> String {
    let grid = Grid(table)
    guard !isWide, grid.width > TextFormat.pageWidth else { return draw(grid) }
    for case .below(let title) in table.columns.map(\.place) {
      let indices = Array(table.columns.indices)
      let main = table.keeping(indices.filter { table.columns[$0].place != .below(title: title) }, title: table.title)
      let below = indices.filter { $0 == 0 || table.columns[$0].place == .below(title: title) }
      return render(main) + "\n" + draw(Grid(table.keeping(below, title: title)))
    }
    let labels = table.columns.indices.filter { table.columns[$0].place == .above }
    guard !labels.isEmpty else { return draw(grid) }
    let rest = table.columns.indices.filter { !labels.contains($0) }
    return draw(Grid(table.keeping(rest, title: table.title))) { row in
      let words = labels.compactMap { grid.cells[row]?[$0] }.filter { !$0.isEmpty }
      return TextFormat.wrapped(words.joined(separator: ", "), indent: 4)
    }
  }

  /// A table's cells as text, and how wide its columns are.
  private struct Grid {
    let table: Table
    let units: [String]
    /// Of each row; nil of a rule.
    let cells: [[String]?]
    let widths: [Int]

    init(_ table: Table) {
      self.table = table
      let printed = table.printed
      (units, cells) = (printed.units, printed.rows)
      widths = table.columns.indices.map { column in
        max(
          table.columns[column].title.width, printed.units[column].width,
          printed.rows.lazy.compactMap { $0?[column].width }.max() ?? 0)
      }
    }

    var width: Int { widths.reduce(0, +) + (widths.count - 1) }

    func line(_ cells: [String]) -> String {
      let blank = UInt8(ascii: " ")
      var line: [UInt8] = []
      line.reserveCapacity(2 * width)
      for (column, cell) in cells.enumerated() {
        if column > 0 { line.append(blank) }
        let space = repeatElement(blank, count: widths[column] - cell.width)
        if !table.columns[column].isText { line.append(contentsOf: space) }
        line.append(contentsOf: cell.utf8)
        if table.columns[column].isText { line.append(contentsOf: space) }
      }
      while line.last == blank { line.removeLast() }
      return String(decoding: line, as: UTF8.self)
    }
  }

  /// - Parameter label: what stands above a row, by the row's place.
  private func draw(_ grid: Grid, label: ((Int) -> String)? = nil) -> String {
    let table = grid.table
    var lines = [bold(table.title.printableLine), bold(grid.line(table.columns.map(\.title)))]
    if grid.units.contains(where: { !$0.isEmpty }) { lines.append(grid.line(grid.units)) }
    for (index, row) in table.rows.enumerated() {
      guard let cells = grid.cells[index], case .cells(let values) = row else {
        lines.append(String(repeating: "─", count: grid.width))
        continue
      }
      if let label { lines.append(label(index)) }
      lines.append(colored(grid.line(cells), values))
    }
    return lines.joined(separator: "\n") + "\n"
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
    for case .bound(let bound?) in cells {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      return words.map { $0 == bound.rawValue ? Self.color(of: bound) + $0 + Self.plain : String($0) }.joined(
        separator: " ")
    }
    return line
  }
}

extension TextFormat {
  /// A line below a table: a word in the first columns, then what it is about.
  package static func note(_ word: String, _ text: String) -> String {
    let space = String(repeating: " ", count: max(1, 9 - word.width))
    return wrapped((word + space + text).printableLine, indent: 9) + "\n"
  }

  /// Lines below a table.
  static func lines(_ notes: Notes) -> String {
    notes.lines.map { wrapped($0.printableLine, indent: notes.indent) + "\n" }.joined()
  }

  /// A line broken at blanks where the page ends, continuation lines indented. Blanks inside a line stay as they are.
  static func wrapped(_ line: String, indent: Int) -> String {
    let line = line.printable
    let pieces =
      line.isASCII
      ? pieces(of: line.utf8, at: UInt8(ascii: " "), indent: indent) : pieces(of: line, at: " ", indent: indent)
    let margin = String(repeating: " ", count: indent)
    return pieces.enumerated().map { $0.offset > 0 ? margin + line[$0.element] : String(line[$0.element]) }
      .joined(separator: "\n")
  }

  /// The parts of a line that stand below each other; the blank between two of them is in neither.
  private static func pieces<Text: BidirectionalCollection>(
    of text: Text, at blank: Text.Element, indent: Int
  ) -> [Range<Text.Index>] where Text.Element: Equatable {
    var pieces: [Range<Text.Index>] = []
    var (start, margin) = (text.startIndex, 0)
    while let end = text.index(start, offsetBy: pageWidth - margin, limitedBy: text.endIndex), end < text.endIndex {
      let room = text[start..<end]
      guard let last = room.lastIndex(of: blank), last > (room.firstIndex { $0 != blank } ?? room.startIndex) else {
        break
      }
      pieces.append(start..<last)
      (start, margin) = (text.index(after: last), indent)
    }
    return pieces + [start..<text.endIndex]
  }
}

extension String {
  /// Whether every character is one byte. Most of what is printed is, and bytes are quicker to count than characters.
  fileprivate var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "\r") } }

  /// Characters, each a column of a terminal.
  fileprivate var width: Int { isASCII ? utf8.count : count }
}
