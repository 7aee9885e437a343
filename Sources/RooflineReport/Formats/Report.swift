/// What a command prints, before it is text: every output format reads this one value.
///
/// Each part is made only where a format asks for it.
package struct Report {
  /// Lines that stand above everything else, for people.
  package let title: [String]
  /// What people read, in this order.
  package let sections: () -> [Section]
  /// What CSV holds.
  package let records: () -> Records
  /// What JSON holds.
  package let document: () throws -> any Encodable

  /// A part of a report.
  package enum Section {
    case table(Table)
    case facts(Facts)
    case listing(Listing)
    case notes(Notes)
  }

  /// Tables of the same columns, which a file for machines holds one below another.
  package struct Records: Sendable {
    /// The column that tells the tables apart; each table's title stands in it.
    package let key: String
    package let tables: [Table]

    package init(key: String, _ tables: [Table]) {
      self.key = key
      self.tables = tables
    }
  }

  package init(
    title: [String] = [], sections: @autoclosure @escaping () -> [Section],
    records: @autoclosure @escaping () -> Records, document: @autoclosure @escaping () throws -> any Encodable
  ) {
    self.title = title
    self.sections = sections
    self.records = records
    self.document = document
  }

  /// A report of one table and the lines below it.
  ///
  /// - Parameter key: the column of CSV that holds the table's title.
  package init(
    _ table: @autoclosure @escaping () -> Table, key: String, notes: @autoclosure @escaping () -> [String],
    document: @autoclosure @escaping () throws -> any Encodable
  ) {
    self.init(
      sections: [.table(table()), .notes(Notes(notes()))], records: Records(key: key, [table()]),
      document: try document())
  }
}

/// Lines below a table: a word in the first columns, then what it is about.
package struct Notes: Sendable {
  package let lines: [String]
  /// Where what a line is about begins, and its continuation on a narrow page.
  package let indent: Int

  package init(_ lines: [String], indent: Int = 9) {
    self.lines = lines
    self.indent = indent
  }
}

/// Lines that a table on a page would be hard to read as, such as derivations: a page prints the lines, a document the table.
package struct Listing: Sendable {
  package let title: String?
  package let lines: [String]
  /// Where a line that is too long for the page goes on; nil: lines are never broken.
  package let indent: Int?
  /// The same for a document; nil: the lines are a list there, too.
  package let table: Table?

  package init(title: String? = nil, _ lines: [String], indent: Int? = nil, table: Table? = nil) {
    self.title = title
    self.lines = lines
    self.indent = indent
    self.table = table
  }
}
