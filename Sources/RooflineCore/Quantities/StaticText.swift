/// A text that stands in the program: as cheap to copy as a number, which `String` is not.
package struct StaticText: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  private let text: StaticString

  package init(stringLiteral value: StaticString) { text = value }

  package var description: String { text.description }

  package static func == (left: Self, right: Self) -> Bool {
    let (a, b) = (left.text, right.text)
    guard a.utf8CodeUnitCount == b.utf8CodeUnitCount else { return false }
    // The same literal usually stands at one address.
    if a.utf8Start == b.utf8Start { return true }
    for index in 0..<a.utf8CodeUnitCount where a.utf8Start[index] != b.utf8Start[index] { return false }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(bytes: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
