/// Tables for a document: GitHub's pipes, numbers scaled.
package struct MarkdownFormat: Sendable {
  package init() {}

  func render(_ report: Report) -> String {
    let title = report.title.isEmpty ? [] : ["## \(report.title.map(\.printableLine).joined(separator: "\n"))\n"]
    return (title + report.sections().map(render).filter { !$0.isEmpty }).joined(separator: "\n")
  }

  private func render(_ section: Report.Section) -> String {
    switch section {
    case .table(let table): return render(table)
    case .facts(let facts): return facts.entries.isEmpty ? "" : render(facts.page)
    case .notes(let notes): return MarkdownFormat.list(notes.lines)
    case .listing(let listing):
      if let table = listing.table { return render(table) }
      let title = listing.title.map { ["### \($0.printableLine)\n"] } ?? []
      return (title + [MarkdownFormat.list(listing.lines)].filter { !$0.isEmpty }).joined(separator: "\n")
    }
  }

  package func render(_ table: Table) -> String {
    var lines = table.title.isEmpty ? [] : ["### \(table.title.printableLine)", ""]
    let printed = table.printed
    lines.append(row(zip(table.columns, printed.units).map { $1.isEmpty ? $0.title : "\($0.title), \($1)" }))
    lines.append(row(table.columns.map { $0.isText ? ":--" : "--:" }))
    lines += printed.rows.compactMap { $0.map(row) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Lines below a table, as a list; the blanks that line up text are of no use here.
  static func list(_ lines: [String]) -> String {
    lines.map { "- \($0.printableLine.split(separator: " ").joined(separator: " "))\n" }.joined()
  }

  private func row(_ cells: [String]) -> String { "| \(cells.map(escaped).joined(separator: " | ")) |" }

  /// A pipe ends a cell and a backslash takes the pipe behind it along, with combining marks or without.
  private func escaped(_ cell: String) -> String {
    var text = String.UnicodeScalarView()
    for scalar in cell.printableLine.unicodeScalars {
      if scalar == "|" || scalar == "\\" { text.append("\\") }
      text.append(scalar)
    }
    return String(text)
  }
}
