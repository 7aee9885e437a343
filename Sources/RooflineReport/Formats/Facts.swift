/// Names and values, one a line.
public struct Facts: Sendable {
  public let title: String?
  /// Blanks before a name.
  public let indent: Int
  /// The column, behind the blanks, in which values begin.
  public let width: Int
  public let entries: [Entry]

  /// A fact for people and for machines.
  public struct Entry: Hashable, Sendable {
    public let name: String
    /// With its unit.
    public let text: String
    /// What files for machines call it, unit included.
    public let key: String
    public let value: Table.Cell

    /// - Parameter text: nil where nobody knows it.
    public init(_ name: String, _ text: String?, key: String, _ value: Table.Cell) {
      self.name = name
      self.text = text ?? "not known"
      self.key = key
      self.value = value
    }

    /// A fact that is text for machines, too.
    public init(_ name: String, _ text: String?, key: String) {
      self.init(name, text, key: key, text.map { .text($0) } ?? .empty)
    }
  }

  public init(title: String? = nil, indent: Int = 0, width: Int = 25, _ entries: [Entry]) {
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
  public func records(title: String) -> Table {
    Table(
      title: title, columns: [.init("fact", key: "fact", isText: true), .init("value", key: "value")],
      rows: entries.map { .cells([.text($0.key), $0.value]) })
  }
}
