/// The tables of an SQLite file: where each begins, and what its columns are called.
struct SQLiteSchema {
  struct Table {
    let root: Int
    let columns: SQLiteColumns

    func place(_ name: String) -> Int? {
      columns.all.firstIndex { $0.name.uppercased() == name.uppercased() }
    }
  }

  /// By names in capitals, as SQL's names are the same in any case.
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
      tables[name.uppercased()] = Table(root: page, columns: SQLiteColumns(sql))
    }
    self.tables = tables
  }

  func has(_ table: String) -> Bool { tables[table.uppercased()] != nil }

  func has(_ table: String, anyOf columns: [String]) -> Bool {
    tables[table.uppercased()].map { table in columns.contains { table.place($0) != nil } } == true
  }

  /// Hands over the named columns of every row, in the order in which they are named; nil for null and for what the table lacks.
  /// Without the table nothing is handed over.
  func forEachRow(
    of name: String, _ names: [String], _ body: ([SQLiteValue?]) throws(TraceFlaw) -> Void
  ) throws(TraceFlaw) {
    guard let table = tables[name.uppercased()] else { return }
    guard !table.columns.areUnnumbered else {
      throw TraceFlaw(
        "its table \(name) is one WITHOUT ROWID, which no export of Nsight Systems has; copy it into an ordinary table")
    }
    let places = names.map(table.place)
    let wanted = Set(places.compactMap { $0 }).sorted()
    let slots = places.map { place in place.flatMap { wanted.firstIndex(of: $0) } }
    let fallbacks = wanted.map { table.columns.all[$0].fallback }
    try pages.forEachRow(root: table.root) { row throws(TraceFlaw) in
      let values = try row.values(wanted, absent: fallbacks)
      var named: [SQLiteValue?] = []
      named.reserveCapacity(names.count)
      for (slot, place) in zip(slots, places) {
        let value = slot.flatMap { values[$0] }
        named.append(value ?? (place != nil && place == table.columns.key ? .integer(row.id) : nil))
      }
      try body(named)
    }
  }
}
