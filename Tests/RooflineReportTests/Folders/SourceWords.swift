/// The words and marks of a Swift source: no comments, and of texts what is interpolated.
struct SourceWords {
  enum Word: Equatable {
    case name(String)
    /// A character that is part of no name: a brace, a dot.
    case mark(UInt8)
  }

  private(set) var words: [Word] = []
  private let bytes: [UInt8]
  private var place = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
    while place < bytes.count { readCode(toParenthesis: false) }
  }

  private func byte(_ ahead: Int = 0) -> UInt8 { place + ahead < bytes.count ? bytes[place + ahead] : 0 }

  /// - Parameter toParenthesis: whether the closing parenthesis that nothing opens ends it, as it does an interpolation.
  private mutating func readCode(toParenthesis: Bool) {
    var depth = 0
    while place < bytes.count {
      let next = bytes[place]
      switch next {
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"): skipLine()
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): skipComment()
      case UInt8(ascii: "\""): readText(hashes: 0)
      case UInt8(ascii: "#") where isRawText: readText(hashes: hashes)
      case _ where SourceWords.isLetter(next): readName()
      case _ where SourceWords.isDigit(next): skipNumber()
      default:
        if next == UInt8(ascii: "(") { depth += 1 }
        if next == UInt8(ascii: ")") {
          if depth == 0, toParenthesis { return }
          depth -= 1
        }
        // Blanks, and the marks around a name that is a keyword.
        if next > 32, next != UInt8(ascii: "`") { words.append(.mark(next)) }
        place += 1
      }
    }
  }

  private mutating func skipLine() {
    while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
  }

  private mutating func skipComment() {
    var depth = 0
    repeat {
      if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
        depth += 1
        place += 2
      } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
        depth -= 1
        place += 2
      } else {
        place += 1
      }
    } while depth > 0 && place < bytes.count
  }

  private mutating func readName() {
    let start = place
    while place < bytes.count, SourceWords.isLetter(bytes[place]) || SourceWords.isDigit(bytes[place]) { place += 1 }
    words.append(.name(String(decoding: bytes[start..<place], as: UTF8.self)))
  }

  private mutating func skipNumber() {
    while place < bytes.count {
      let isPoint = byte() == UInt8(ascii: ".") && SourceWords.isDigit(byte(1))
      guard isPoint || SourceWords.isLetter(byte()) || SourceWords.isDigit(byte()) else { break }
      place += 1
    }
    // It stands for a value, so that a dot behind it is no leading one.
    words.append(.mark(UInt8(ascii: "0")))
  }

  private var hashes: Int {
    var count = 0
    while byte(count) == UInt8(ascii: "#") { count += 1 }
    return count
  }

  private var isRawText: Bool { byte(hashes) == UInt8(ascii: "\"") }

  private mutating func readText(hashes: Int) {
    place += hashes
    let quote = UInt8(ascii: "\"")
    let quotes = byte(1) == quote && byte(2) == quote ? 3 : 1
    place += quotes
    while place < bytes.count {
      if byte() == UInt8(ascii: "\\"), (0..<hashes).allSatisfy({ byte(1 + $0) == UInt8(ascii: "#") }) {
        place += 1 + hashes
        if byte() == UInt8(ascii: "(") {
          place += 1
          readCode(toParenthesis: true)
        }
        place += 1
      } else if (0..<quotes).allSatisfy({ byte($0) == quote }),
        (0..<hashes).allSatisfy({ byte(quotes + $0) == UInt8(ascii: "#") })
      {
        place += quotes + hashes
        break
      } else {
        place += 1
      }
    }
    words.append(.mark(quote))
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 128...: true
    default: false
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
