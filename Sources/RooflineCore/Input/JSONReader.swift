/// Reads JSON text byte by byte: total (every input gives a value or a flaw) and linear in the text's length.
///
/// It takes what JSON5 adds (comments, trailing commas, single quotes, bare keys, `Infinity`, `NaN`, hexadecimal integers,
/// a sign or a point in front), because real config.json files hold some of it. A key that stands twice in one object is a
/// flaw: readers disagree on which of the two counts.
struct JSONReader {
  /// Where a text stops being JSON, and why.
  enum Flaw: Error, Equatable {
    case syntax(offset: Int, problem: String)
    /// `path`: from the value that was read down to the key.
    case repeated(path: String)

    /// The same, seen from a value that holds the flawed one under a key or as an element, `[3]`.
    func inside(_ step: String) -> Flaw {
      guard case .repeated(let path) = self else { return self }
      return .repeated(path: path.first == "[" ? step + path : "\(step).\(path)")
    }
  }

  private let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int
  private var depth = 0

  /// Deeper than any file means to be, and far from the end of a thread's stack.
  static let maximumDepth = 512

  /// - Parameter bytes: the whole text, valid UTF-8; they must outlive the reader.
  init(_ bytes: UnsafeRawBufferPointer, from offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  /// The value that the whole text is.
  mutating func document() throws(Flaw) -> JSONValue {
    let value = try self.value()
    try requireEnd()
    return value
  }

  mutating func requireEnd() throws(Flaw) {
    try skipSpace()
    guard offset == bytes.count else { throw flaw("something follows the end of the value") }
  }

  /// A reader of the same text that goes on elsewhere.
  func moved(to offset: Int) -> JSONReader { JSONReader(bytes, from: offset) }

  mutating func isAtObject() throws(Flaw) -> Bool {
    try skipSpace()
    return peek == UInt8(ascii: "{")
  }

  mutating func isAtList() throws(Flaw) -> Bool {
    try skipSpace()
    return peek == UInt8(ascii: "[")
  }

  mutating func value() throws(Flaw) -> JSONValue {
    try skipSpace()
    switch peek {
    case UInt8(ascii: "{"):
      var members: [String: JSONValue] = [:]
      try object { reader, key throws(Flaw) in
        guard members.updateValue(try reader.value(inside: key), forKey: key) == nil else { throw .repeated(path: key) }
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try array { reader, index throws(Flaw) in
        elements.append(try reader.value(inside: "[\(index)]"))
      }
      return .array(elements)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", is: .bool(true))
    case UInt8(ascii: "f"): return try word("false", is: .bool(false))
    case UInt8(ascii: "n"): return try word("null", is: .null)
    case nil: throw ended()
    default: return try JSONNumber.read(&self)
    }
  }

  mutating func value(inside key: String) throws(Flaw) -> JSONValue {
    do { return try value() } catch { throw error.inside(key) }
  }

  // MARK: containers

  /// Hands over the reader in front of each member's value; the body must read it.
  mutating func object(_ member: (inout JSONReader, _ key: String) throws(Flaw) -> Void) throws(Flaw) {
    try enter(UInt8(ascii: "{"), "an object")
    while try !leaves(UInt8(ascii: "}")) {
      let key = try self.key()
      try skipSpace()
      guard take(UInt8(ascii: ":")) else { throw expected("`:` behind the key") }
      try member(&self, key)
      try separate(UInt8(ascii: "}"))
    }
  }

  /// Hands over the reader in front of each element; the body must read it.
  mutating func array(_ element: (inout JSONReader, _ index: Int) throws(Flaw) -> Void) throws(Flaw) {
    try enter(UInt8(ascii: "["), "a list")
    var index = 0
    while try !leaves(UInt8(ascii: "]")) {
      try element(&self, index)
      index += 1
      try separate(UInt8(ascii: "]"))
    }
  }

  private mutating func enter(_ bracket: UInt8, _ what: String) throws(Flaw) {
    try skipSpace()
    guard take(bracket) else { throw expected(what) }
    depth += 1
    guard depth <= JSONReader.maximumDepth else { throw flaw("more than \(JSONReader.maximumDepth) brackets are open") }
  }

  private mutating func leaves(_ bracket: UInt8) throws(Flaw) -> Bool {
    try skipSpace()
    guard take(bracket) else { return false }
    depth -= 1
    return true
  }

  /// A comma, which may also stand before the closing bracket.
  private mutating func separate(_ closing: UInt8) throws(Flaw) {
    try skipSpace()
    guard !take(UInt8(ascii: ",")) else { return }
    guard peek == closing else { throw expected("a comma or `\(Character(UnicodeScalar(closing)))`") }
  }

  private mutating func key() throws(Flaw) -> String {
    if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try string() }
    let start = offset
    while let byte = peek, JSONReader.isNameByte(byte) { offset += 1 }
    guard offset > start, let first = at(start), !JSONReader.isDigit(first) else { throw expected("a key in quotes") }
    return text(start..<offset)
  }

  // MARK: scalars

  private mutating func word(_ word: StaticString, is value: JSONValue) throws(Flaw) -> JSONValue {
    guard takeWord(word) else { throw expected("a value") }
    return value
  }

  mutating func string() throws(Flaw) -> String {
    guard let quote = peek else { throw ended() }
    offset += 1
    let start = offset
    // Nearly every string is its own bytes.
    while let byte = peek, byte != quote, byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
    if peek == quote {
      defer { offset += 1 }
      return text(start..<offset)
    }
    var content = text(start..<offset)
    while let byte = peek, byte != quote {
      if byte == UInt8(ascii: "\\") {
        if let scalar = try escaped() { content.unicodeScalars.append(scalar) }
      } else if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        throw flaw("a string runs over the end of its line")
      } else {
        let start = offset
        repeat { offset += 1 } while peek.map { $0 >= 0x20 && $0 != quote && $0 != UInt8(ascii: "\\") } ?? false
        content += text(start..<offset)
      }
    }
    guard take(quote) else { throw ended() }
    return content
  }

  /// What an escape stands for; nil for an escaped end of line, which stands for nothing.
  private mutating func escaped() throws(Flaw) -> Unicode.Scalar? {
    offset += 1
    guard let byte = peek else { throw ended() }
    offset += 1
    switch byte {
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "v"): return "\u{B}"
    case UInt8(ascii: "0"): return "\0"
    case UInt8(ascii: "x"): return Unicode.Scalar(UInt8(try hexadecimal(digits: 2)))
    case UInt8(ascii: "u"):
      let unit = try hexadecimal(digits: 4)
      if let scalar = Unicode.Scalar(unit) { return scalar }
      guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
        throw flaw("half a surrogate pair")
      }
      let low = try hexadecimal(digits: 4)
      guard (0xDC00...0xDFFF).contains(low),
        let scalar = Unicode.Scalar((unit - 0xD800) << 10 + (low - 0xDC00) + 0x10000)
      else { throw flaw("half a surrogate pair") }
      return scalar
    case UInt8(ascii: "\n"): return nil
    case UInt8(ascii: "\r"):
      _ = take(UInt8(ascii: "\n"))
      return nil
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    default: throw flaw("an escape that JSON does not have")
    }
  }

  private mutating func hexadecimal(digits: Int) throws(Flaw) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let digit = peek.flatMap(JSONReader.hexadecimalDigit) else {
        throw expected("\(digits) hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }

  // MARK: bytes

  /// The byte at hand; nil at the end.
  var peek: UInt8? { at(offset) }

  func at(_ place: Int) -> UInt8? { place < bytes.count ? bytes[place] : nil }

  mutating func skipByte() { skipBytes(1) }

  mutating func skipBytes(_ count: Int) { offset += count }

  mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    offset += 1
    return true
  }

  /// Takes a word that no name's byte follows.
  mutating func takeWord(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard count <= bytes.count - offset else { return false }
    for index in 0..<count where bytes[offset + index] != word.utf8Start[index] { return false }
    if let next = at(offset + count), JSONReader.isNameByte(next) { return false }
    offset += count
    return true
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Of a bare key: letters, digits, `_`, `$`, and all that is not ASCII.
  static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...0xFF:
      true
    default: false
    }
  }

  // MARK: flaws

  func flaw(_ problem: String) -> Flaw { .syntax(offset: min(offset, bytes.count), problem: problem) }

  func ended() -> Flaw { .syntax(offset: bytes.count, problem: "it ends before its last bracket or quote is closed") }

  func expected(_ what: String) -> Flaw { peek == nil ? ended() : flaw("\(what) is expected there") }
}
