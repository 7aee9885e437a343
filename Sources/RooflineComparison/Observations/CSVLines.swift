import RooflineCore

/// Fields of a CSV file, line by line, without copying: quotes are understood, a doubled quote inside them, too.
package struct CSVLines {
  package let bytes: [UInt8]
  private var position = 0
  /// Where the fields given last begin; the first line is 1.
  package private(set) var line = 0
  /// Line breaks inside quotes of those fields.
  private var innerBreaks = 0
  private let hasQuotes: Bool

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    hasQuotes = bytes.contains(UInt8(ascii: "\""))
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// The next line's fields as ranges of `bytes`; nil at the end. Empty lines are passed over.
  package mutating func next(into fields: inout [Range<Int>]) -> Bool {
    while position < bytes.count {
      line += 1 + innerBreaks
      innerBreaks = 0
      fields.removeAll(keepingCapacity: true)
      var start = position
      var isQuoted = false
      while position < bytes.count {
        let byte = bytes[position]
        if byte == UInt8(ascii: "\"") {
          isQuoted.toggle()
        } else if byte == UInt8(ascii: ","), !isQuoted {
          fields.append(trimmed(start..<position))
          start = position + 1
        } else if byte == 0x0A {
          guard isQuoted else { break }
          innerBreaks += 1
        }
        position += 1
      }
      fields.append(trimmed(start..<position))
      position += 1
      if fields.count > 1 || !(fields.first?.isEmpty ?? true) { return true }
    }
    return false
  }

  /// Without spaces, a carriage return, or quotes around it.
  private func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (low, high) = (range.lowerBound, range.upperBound)
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    while low < high, isSpace(bytes[low]) { low += 1 }
    while low < high, isSpace(bytes[high - 1]) { high -= 1 }
    if high - low >= 2, bytes[low] == UInt8(ascii: "\""), bytes[high - 1] == UInt8(ascii: "\"") {
      low += 1
      high -= 1
    }
    return low..<high
  }

  package func text(_ range: Range<Int>) -> String {
    guard hasQuotes, bytes[range].contains(UInt8(ascii: "\"")) else {
      return String(decoding: bytes[range], as: UTF8.self)
    }
    // A doubled quote is one.
    var text: [UInt8] = []
    var isAfterQuote = false
    for byte in bytes[range] {
      let isQuote = byte == UInt8(ascii: "\"")
      if isQuote, isAfterQuote {
        isAfterQuote = false
      } else {
        text.append(byte)
        isAfterQuote = isQuote
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// A field's bytes are those of `text`.
  func isEqual(_ range: Range<Int>, _ text: StaticString) -> Bool {
    range.count == text.utf8CodeUnitCount
      && text.withUTF8Buffer { other in
        zip(range, other).allSatisfy { bytes[$0] == $1 }
      }
  }
}
