import RooflineCore

/// Reads JSON from bytes that come in pieces: values are handed over one by one or passed over, and never stand in memory
/// together.
///
/// Strict, unlike the reader of configurations: what recorders write is plain JSON. What is passed over is only looked
/// through for its end.
struct JSONScanner {
  private let source: any ByteSource
  private var bytes = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  private var place = 0
  private var before = 0
  private var scratch: [UInt8] = []
  private var depth = 0

  /// Deeper than any recorder writes.
  static let maximumDepth = 512
  /// Longer than any name; what goes on is cut.
  static let longestText = 1 << 16

  init(_ source: any ByteSource) { self.source = source }

  /// Bytes before the one at hand.
  var offset: Int { before + place }

  /// The byte at hand; nil at the end.
  @inline(__always)
  mutating func peek() throws(TraceFlaw) -> UInt8? {
    if place < bytes.count { return bytes[place] }
    return try refill()
  }

  private mutating func refill() throws(TraceFlaw) -> UInt8? {
    before += bytes.count
    place = 0
    bytes = UnsafeBufferPointer(start: nil, count: 0)
    bytes = try source.next()
    return bytes.first
  }

  @inline(__always)
  private mutating func skipByte() { place += 1 }

  /// The next byte that is no blank.
  @inline(__always)
  mutating func next() throws(TraceFlaw) -> UInt8? {
    while let byte = try peek() {
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      skipByte()
    }
    return nil
  }

  // MARK: containers

  /// Hands over each key, with the scanner in front of its value; the body must read or skip it.
  mutating func object(
    _ member: (inout JSONScanner, _ key: String) throws(TraceFlaw) -> Void
  ) throws(TraceFlaw) {
    try enter(UInt8(ascii: "{"))
    guard try !leaves(UInt8(ascii: "}")) else { return }
    while true {
      guard try next() == UInt8(ascii: "\"") else { throw flaw("a key is expected") }
      let key = try string()
      try expect(UInt8(ascii: ":"))
      try member(&self, key)
      if try leaves(UInt8(ascii: "}")) { return }
      try expect(UInt8(ascii: ","))
    }
  }

  /// Hands over the scanner in front of each element; the body must read or skip it.
  mutating func array(_ element: (inout JSONScanner) throws(TraceFlaw) -> Void) throws(TraceFlaw) {
    try enter(UInt8(ascii: "["))
    guard try !leaves(UInt8(ascii: "]")) else { return }
    while true {
      try element(&self)
      if try leaves(UInt8(ascii: "]")) { return }
      try expect(UInt8(ascii: ","))
      // Recorders that were stopped leave a comma behind the last event.
      if try leaves(UInt8(ascii: "]")) { return }
    }
  }

  private mutating func enter(_ bracket: UInt8) throws(TraceFlaw) {
    try expect(bracket)
    depth += 1
    guard depth <= Self.maximumDepth else { throw flaw("more than \(Self.maximumDepth) brackets are open") }
  }

  private mutating func leaves(_ bracket: UInt8) throws(TraceFlaw) -> Bool {
    guard try next() == bracket else { return false }
    skipByte()
    depth -= 1
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(TraceFlaw) {
    guard try next() == byte else { throw flaw("`\(Character(UnicodeScalar(byte)))` is expected") }
    skipByte()
  }

  mutating func requireEnd() throws(TraceFlaw) {
    guard try next() == nil else { throw flaw("something follows the end") }
  }

  // MARK: scalars

  /// The string at hand; what is longer than `longestText` is cut.
  mutating func string() throws(TraceFlaw) -> String {
    try expect(UInt8(ascii: "\""))
    // Most strings lie in one piece and are their own bytes.
    var end = place
    while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\") { end += 1 }
    if end < bytes.count, bytes[end] == UInt8(ascii: "\"") {
      defer { place = end + 1 }
      return String(decoding: bytes[place..<min(end, place + Self.longestText)], as: UTF8.self)
    }
    scratch.removeAll(keepingCapacity: true)
    while let byte = try peek() {
      skipByte()
      if byte == UInt8(ascii: "\"") { return String(decoding: scratch, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        append(byte)
        continue
      }
      try appendEscaped()
    }
    throw ended()
  }

  private mutating func append(_ byte: UInt8) { if scratch.count < Self.longestText { scratch.append(byte) } }

  private mutating func appendEscaped() throws(TraceFlaw) {
    guard let byte = try peek() else { throw ended() }
    skipByte()
    switch byte {
    case UInt8(ascii: "n"): append(0x0A)
    case UInt8(ascii: "t"): append(0x09)
    case UInt8(ascii: "r"): append(0x0D)
    case UInt8(ascii: "b"): append(0x08)
    case UInt8(ascii: "f"): append(0x0C)
    case UInt8(ascii: "u"):
      var value: UInt32 = 0
      for _ in 0..<4 {
        guard let digit = try peek().flatMap({ Character(UnicodeScalar($0)).hexDigitValue }) else {
          throw flaw("four hexadecimal digits are expected")
        }
        value = value << 4 | UInt32(digit)
        skipByte()
      }
      // Halves of a pair stand for no letter of a kernel's name.
      for byte in String(UnicodeScalar(value) ?? "?").utf8 { append(byte) }
    default: append(byte)
    }
  }

  /// The number at hand, which may stand in quotes; nil where a value of another kind stands there, which is skipped.
  mutating func number() throws(TraceFlaw) -> Double? {
    switch try next() {
    case UInt8(ascii: "\""): return Double(try string())
    case let byte? where Self.beginsNumber(byte): return try Double(numberText()) ?? .nan
    default:
      try skip()
      return nil
    }
  }

  private static func beginsNumber(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isOfNumber(_ byte: UInt8) -> Bool {
    beginsNumber(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
  }

  private mutating func skipNumber() throws(TraceFlaw) {
    while let byte = try peek(), Self.isOfNumber(byte) { skipByte() }
  }

  private mutating func numberText() throws(TraceFlaw) -> String {
    scratch.removeAll(keepingCapacity: true)
    while let byte = try peek(), Self.isOfNumber(byte) {
      append(byte)
      skipByte()
    }
    return String(decoding: scratch, as: UTF8.self)
  }

  private mutating func word() throws(TraceFlaw) -> String {
    scratch.removeAll(keepingCapacity: true)
    while let byte = try peek(), (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) {
      append(byte)
      skipByte()
    }
    return String(decoding: scratch, as: UTF8.self)
  }

  // MARK: values

  /// Passes over the value at hand.
  mutating func skip() throws(TraceFlaw) {
    let floor = depth
    repeat {
      guard let byte = try next() else { throw ended() }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["): try enter(byte)
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > floor else { throw flaw("a value is expected") }
        skipByte()
        depth -= 1
      case UInt8(ascii: "\""): try skipString()
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard depth > floor else { throw flaw("a value is expected") }
        skipByte()
      case _ where Self.beginsNumber(byte): try skipNumber()
      default:
        guard ["true", "false", "null", "NaN", "Infinity"].contains(try word()) else {
          throw flaw("a value is expected")
        }
      }
    } while depth > floor
  }

  private mutating func skipString() throws(TraceFlaw) {
    skipByte()
    while let byte = try peek() {
      skipByte()
      if byte == UInt8(ascii: "\"") { return }
      if byte == UInt8(ascii: "\\"), try peek() != nil { skipByte() }
    }
    throw ended()
  }

  /// The value at hand, of a part of the file that is small; what goes beyond `limit` values is skipped.
  mutating func value(limit: inout Int) throws(TraceFlaw) -> JSONValue {
    limit -= 1
    guard limit > 0 else {
      try skip()
      return .null
    }
    switch try next() {
    case UInt8(ascii: "{"):
      var members: [String: JSONValue] = [:]
      var left = limit
      try object { scanner, key throws(TraceFlaw) in members[key] = try scanner.value(limit: &left) }
      limit = left
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      var left = limit
      try array { scanner throws(TraceFlaw) in
        let value = try scanner.value(limit: &left)
        if left > 0 { elements.append(value) }
      }
      limit = left
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    case let byte? where Self.beginsNumber(byte): return .number(try number() ?? .nan)
    default:
      try skip()
      return .null
    }
  }

  func flaw(_ problem: String) -> TraceFlaw {
    bytes.count == 0 ? ended() : TraceFlaw("not a trace: byte \(offset): \(problem)")
  }

  func ended() -> TraceFlaw { TraceFlaw("it ends in the middle; record it again, or finish the copy") }
}
