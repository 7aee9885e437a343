/// The tables of an SQLite file: where each begins, and what its columns are called.
struct SQLiteSchema {
  struct Table {
    let root: Int
    let columns: [String]
    /// The column that a row's number stands for.
    let key: Int?
  }

  private var tables: [String: Table] = [:]
  private let pages: SQLitePages

  init(_ pages: SQLitePages) throws(TraceFlaw) {
    self.pages = pages
    var tables: [String: Table] = [:]
    try pages.forEachRow(root: 1) { row throws(TraceFlaw) in
      // type, name, tbl_name, rootpage, sql
      let values = try row.values([0, 1, 3, 4])
      guard values[0] == .text("table"), let name = values[1]?.text, let root = values[2]?.integer,
        let page = Int(exactly: root), let sql = values[3]?.text
      else { return }
      let (columns, key) = Self.columns(sql)
      tables[name] = Table(root: page, columns: columns, key: key)
    }
    self.tables = tables
  }

  func has(_ table: String) -> Bool { tables[table] != nil }

  func has(_ table: String, anyOf columns: [String]) -> Bool {
    tables[table]?.columns.contains(where: columns.contains) == true
  }

  /// Hands over the named columns of every row, in the order in which they are named; nil for null and for what the table lacks.
  /// Without the table nothing is handed over.
  func forEachRow(
    of table: String, _ names: [String], _ body: ([SQLiteValue?]) throws(TraceFlaw) -> Void
  ) throws(TraceFlaw) {
    guard let table = tables[table] else { return }
    let places = names.map { name in table.columns.firstIndex(of: name) }
    let wanted = Set(places.compactMap { $0 }).sorted()
    let slots = places.map { place in place.flatMap { wanted.firstIndex(of: $0) } }
    try pages.forEachRow(root: table.root) { row throws(TraceFlaw) in
      let values = try row.values(wanted)
      var named: [SQLiteValue?] = []
      named.reserveCapacity(names.count)
      for (slot, place) in zip(slots, places) {
        let value = slot.flatMap { values[$0] }
        named.append(value ?? (place != nil && place == table.key ? .integer(row.id) : nil))
      }
      try body(named)
    }
  }

  /// Names of the columns of a `CREATE TABLE`, and which of them is the row's number.
  static func columns(_ sql: String) -> (names: [String], key: Int?) {
    let text = Array(withoutComments(sql).utf8)
    guard let open = text.firstIndex(of: UInt8(ascii: "(")) else { return ([], nil) }
    var parts: [[UInt8]] = [[]]
    var depth = 0
    for byte in text[(open + 1)...] {
      if byte == UInt8(ascii: "(") { depth += 1 }
      if byte == UInt8(ascii: ")") { depth -= 1 }
      if depth < 0 { break }
      if byte == UInt8(ascii: ","), depth == 0 { parts.append([]) } else { parts[parts.count - 1].append(byte) }
    }
    var names: [String] = []
    var key: Int?
    for part in parts {
      let words = String(decoding: part, as: UTF8.self).split { $0.isWhitespace }
      guard let first = words.first else { continue }
      let rest = words.dropFirst().map { $0.uppercased() }
      guard !["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"].contains(first.uppercased()) else { continue }
      if rest.first == "INTEGER", rest.contains("PRIMARY") { key = names.count }
      names.append(String(first.filter { !"\"`[]".contains($0) }))
    }
    return (names, key)
  }

  private static func withoutComments(_ sql: String) -> String {
    var kept: [UInt8] = []
    let bytes = Array(sql.utf8)
    var place = 0
    while place < bytes.count {
      let next = place + 1 < bytes.count ? bytes[place + 1] : 0
      if bytes[place] == UInt8(ascii: "-"), next == UInt8(ascii: "-") {
        while place < bytes.count, bytes[place] != 0x0A { place += 1 }
      } else if bytes[place] == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
        place += 2
        while place + 1 < bytes.count, !(bytes[place] == UInt8(ascii: "*") && bytes[place + 1] == UInt8(ascii: "/")) {
          place += 1
        }
        place += 2
      } else {
        kept.append(bytes[place])
        place += 1
      }
    }
    return String(decoding: kept, as: UTF8.self)
  }
}
