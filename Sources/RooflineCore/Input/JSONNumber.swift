/// A number of a JSON text.
enum JSONNumber {
  /// Reads the number at hand: an integer where 64 bits hold it exactly, else the nearest double.
  ///
  /// - Throws: where there is no number, or one larger than a double can be.
  static func read(_ reader: inout JSONReader) throws(JSONReader.Flaw) -> JSONValue {
    let start = reader.offset
    let isNegative = reader.take(UInt8(ascii: "-"))
    if !isNegative { _ = reader.take(UInt8(ascii: "+")) }
    if reader.takeWord("Infinity") { return .number(isNegative ? -.infinity : .infinity) }
    if reader.takeWord("NaN") { return .number(.nan) }
    let whole = digits(&reader)
    if whole.count == 1, whole.value == 0, reader.peek == UInt8(ascii: "x") || reader.peek == UInt8(ascii: "X") {
      return try hexadecimal(&reader, isNegative: isNegative)
    }
    guard whole.count < 2 || whole.first != UInt8(ascii: "0") else { throw reader.flaw("a number starts with 0 there") }
    var fraction = 0
    let hasPoint = reader.take(UInt8(ascii: "."))
    if hasPoint { fraction = digits(&reader).count }
    guard whole.count + fraction > 0 else { throw reader.expected("a value") }
    var hasExponent = false
    if reader.take(UInt8(ascii: "e")) || reader.take(UInt8(ascii: "E")) {
      hasExponent = true
      if !reader.take(UInt8(ascii: "-")) { _ = reader.take(UInt8(ascii: "+")) }
      guard digits(&reader).count > 0 else { throw reader.flaw("a number without its exponent stands there") }
    }
    if let next = reader.peek, JSONReader.isNameByte(next) || next == UInt8(ascii: ".") {
      throw reader.flaw("a number that goes on as no number does stands there")
    }
    if !hasPoint, !hasExponent, let value = whole.value {
      return .integer(isNegative ? -value : value)
    }
    var token = reader.text(start..<reader.offset)
    // Swift's own reader of numbers knows no `+` in front, no `.5` and no `5.`.
    if token.first == "+" { token.removeFirst() }
    if whole.count == 0 { token.insert("0", at: token.index(token.startIndex, offsetBy: isNegative ? 1 : 0)) }
    if hasPoint, fraction == 0, let point = token.firstIndex(of: ".") { token.remove(at: point) }
    guard let number = Double(token), number.isFinite else {
      throw reader.flaw("a number that is too large stands there")
    }
    // 4096.0 and 4.096e3 are whole numbers, up to where doubles stop telling them apart.
    if number.magnitude <= 0x1p53, let value = Int64(exactly: number) { return .integer(value) }
    return .number(number)
  }

  /// The digits at hand: how many, the first, and their value where 63 bits hold it.
  private static func digits(_ reader: inout JSONReader) -> (count: Int, first: UInt8?, value: Int64?) {
    let first = reader.peek
    var count = 0
    var value: Int64? = 0
    while let byte = reader.peek, JSONReader.isDigit(byte) {
      value = value.flatMap { value in
        let (tens, isLarge) = value.multipliedReportingOverflow(by: 10)
        let (sum, isLarger) = tens.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
        return isLarge || isLarger ? nil : sum
      }
      count += 1
      reader.skipByte()
    }
    return (count, first, count > 0 ? value : nil)
  }

  private static func hexadecimal(
    _ reader: inout JSONReader, isNegative: Bool
  ) throws(JSONReader.Flaw) -> JSONValue {
    reader.skipByte()
    var value: Int64 = 0
    var count = 0
    while let digit = reader.peek.flatMap(JSONReader.hexadecimalDigit) {
      guard value < 1 << 59 else { throw reader.flaw("a number that is too large stands there") }
      value = value << 4 | Int64(digit)
      count += 1
      reader.skipByte()
    }
    guard count > 0 else { throw reader.expected("a hexadecimal digit") }
    if let next = reader.peek, JSONReader.isNameByte(next) || next == UInt8(ascii: ".") {
      throw reader.flaw("a number that goes on as no number does stands there")
    }
    return .integer(isNegative ? -value : value)
  }
}
