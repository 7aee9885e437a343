/// Names and values, one a line.
package struct Facts: Sendable {
  package let title: String?
  /// Blanks before a name.
  package let indent: Int
  /// The column, behind the blanks, in which values begin.
  package let width: Int
  package let entries: [Entry]

  /// A fact for people and for machines.
  package struct Entry: Hashable, Sendable {
    package let name: String
    /// With its unit.
    package let text: String
    /// What files for machines call it, unit included.
    package let key: String
    package let value: Table.Cell

    /// - Parameter text: nil where nobody knows it.
    package init(_ name: String, _ text: String?, key: String, _ value: Table.Cell) {
      self.name = name
      self.text = text ?? "not known"
      self.key = key
      self.value = value
    }

    /// A fact that is text for machines, too.
    package init(_ name: String, _ text: String?, key: String) {
      self.init(name, text, key: key, text.map { .text($0) } ?? .empty)
    }
  }

  package init(title: String? = nil, indent: Int = 0, width: Int = 25, _ entries: [Entry]) {
    self.title = title
    self.indent = indent
    self.width = width
    self.entries = entries
  }

  /// For a document.
  var page: Table {
    Table(
      title: title ?? "",
      columns: [.init("fact", key: "fact", isText: true), .init("value", key: "value", isText: true)],
      rows: entries.map { .cells([.text($0.name), .text($0.text)]) })
  }

  /// For machines: a row a fact, its value raw.
  package func records(title: String) -> Table {
    Table(
      title: title, columns: [.init("fact", key: "fact", isText: true), .init("value", key: "value")],
      rows: entries.map { .cells([.text($0.key), $0.value]) })
  }
}
