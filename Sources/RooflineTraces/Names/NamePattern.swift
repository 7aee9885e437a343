/// A kernel's name with `*` for anything and `?` for one letter; capitals do not count.
package struct NamePattern: Hashable, Sendable {
  package let text: String
  /// What stands between the stars, in small letters.
  private let pieces: [[UInt8]]

  package init(_ text: String) {
    self.text = text
    pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
      .map { $0.map(NamePattern.small) }
  }

  /// Letters of ASCII in their small form.
  package static func small(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }

  /// - Parameter name: in small letters.
  package func matches(_ name: [UInt8]) -> Bool {
    guard let first = pieces.first, let last = pieces.last else { return false }
    guard pieces.count > 1 else { return name.count == first.count && stands(first, in: name, at: 0) }
    guard name.count >= first.count + last.count, stands(first, in: name, at: 0),
      stands(last, in: name, at: name.count - last.count)
    else { return false }
    var place = first.count
    let end = name.count - last.count
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      while place + piece.count <= end, !stands(piece, in: name, at: place) { place += 1 }
      guard place + piece.count <= end else { return false }
      place += piece.count
    }
    return true
  }

  private func stands(_ piece: [UInt8], in name: [UInt8], at place: Int) -> Bool {
    for index in piece.indices where name[place + index] != piece[index] && piece[index] != UInt8(ascii: "?") {
      return false
    }
    return true
  }
}
