/// How a file writes numbers: `1,234.5` and `1.234,5` are the same number in two languages.
struct NumberStyle {
  /// Evidence for each decimal separator.
  private var isPoint = false
  private var isComma = false
  private(set) var doubtful: String?

  static let flaw = TraceFlaw("its numbers have both points and commas for decimals; export them again")

  /// Looks at a number, and at what is none.
  ///
  /// - Parameter isWhole: of nanoseconds, which no clock divides: `1,234` are thousands of them.
  mutating func look(at text: String, isWhole: Bool = false) {
    let digits = text.utf8.filter { $0 != 0x20 && $0 != 0xC2 && $0 != 0xA0 }
    guard let last = digits.last, (48...57).contains(last),
      digits.allSatisfy({ (48...57).contains($0) || $0 == 0x2C || $0 == 0x2E || $0 == 0x2D })
    else { return }
    let (commas, points) = (digits.count { $0 == 0x2C }, digits.count { $0 == 0x2E })
    guard commas + points > 0 else { return }
    if commas > 0, points > 0 {
      let isLastPoint = digits.lastIndex(of: 0x2E) ?? 0 > digits.lastIndex(of: 0x2C) ?? 0
      if isLastPoint { isPoint = true } else { isComma = true }
      return
    }
    let mark: UInt8 = commas > 0 ? 0x2C : 0x2E
    let behind = digits.count - 1 - (digits.lastIndex(of: mark) ?? 0)
    let before = digits.firstIndex(of: mark) ?? 0
    let isDecimal: Bool
    if commas + points > 1 {
      isDecimal = false
    } else if behind != 3 || before > 3 || before == 0 || digits.first == UInt8(ascii: "0") {
      isDecimal = true
    } else if isWhole {
      isDecimal = false
    } else {
      doubtful = doubtful ?? text
      return
    }
    if (mark == 0x2E) == isDecimal { isPoint = true } else { isComma = true }
  }

  /// The decimal separator; a point where no number has one.
  ///
  /// - Throws: where nothing tells `1,234` from `1.234`.
  func separator() throws(TraceFlaw) -> Character {
    guard !(isPoint && isComma) else { throw Self.flaw }
    if isPoint { return "." }
    if isComma { return "," }
    guard let doubtful else { return "." }
    throw TraceFlaw(
      "its numbers are ambiguous: \(doubtful.prefix(20)) may have decimals or thousands; export them without separators"
    )
  }

  /// A number in that style; nil for what is none.
  static func number(_ text: String, separator: Character) -> Double? {
    let plain = text.filter {
      $0 == separator || $0 == "-" || $0 == "+" || $0.isASCII && ($0.isNumber || $0 == "e" || $0 == "E")
    }
    guard text.allSatisfy({ $0.isNumber || ".,-+eE \u{A0}\u{202F}'".contains($0) }) else { return nil }
    return Double(String(plain.map { $0 == separator ? "." : $0 }))
  }
}
