/// Tables for machines: raw SI with the unit in the header, one header for all tables of the same columns (RFC 4180).
package struct CSVFormat: Sendable {
  package init() {}

  func render(_ report: Report) -> String {
    let records = report.records()
    return render(records.tables, key: records.key)
  }

  /// - Parameter key: the column that tells the tables apart; each table's title stands in it.
  package func render(_ tables: [Table], key: String) -> String {
    guard let first = tables.first else { return "" }
    var lines = [([key] + first.columns.map(\.key)).joined(separator: ",")]
    for table in tables {
      for case .cells(let cells) in table.rows {
        lines.append(([table.title] + cells.map(\.raw)).map(CSVFormat.escaped).joined(separator: ","))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Scalars, not characters: a comma with a combining mark behind it is another character, and separates all the same.
  static func escaped(_ field: String) -> String {
    let field = field.printable
    guard field.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" }) else { return field }
    let parts = field.unicodeScalars.split(separator: "\"", omittingEmptySubsequences: false)
    return "\"" + parts.map { String($0) }.joined(separator: "\"\"") + "\""
  }
}
