/// A picture before it is text: elements of SVG in the order in which they are painted.
package struct Drawing: Sendable {
  package let width, height: Double
  /// What it is of, and what it shows, in words.
  package let title, description: String
  package let elements: [Element]
  /// Every text in it, with the box that holds it.
  package let labels: [Label]

  /// Text and its place.
  package struct Label: Hashable, Sendable {
    package let text: String
    package let box: Box
  }

  /// One element.
  package struct Element: Sendable {
    package enum Name: String, Sendable { case path, rect, line, text }

    let name: Name
    let style: Style
    let attributes: [(key: String, value: String)]
    var text = ""
    /// What is said of it where somebody points at it.
    var tip: Tip?
  }

  /// What a mark stands for.
  package struct Tip: Hashable, Sendable {
    package let heading: String
    package let facts: [Fact]
    /// The row of the analysis whose derivation stands behind it.
    var row: RowReference?

    package struct Fact: Hashable, Sendable {
      package let name, text: String

      init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
      }
    }

    /// On lines.
    var text: String { ([heading] + facts.map { "\($0.name) \($0.text)" }).joined(separator: "\n") }
  }
}

/// A row of an analysis by its places in the document.
package struct RowReference: Hashable, Sendable {
  package let phase, row: Int

  /// Its derivation's name in a page.
  var key: String { "\(phase)/\(row)" }
}
