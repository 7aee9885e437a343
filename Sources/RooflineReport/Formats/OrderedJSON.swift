/// A document one of whose members keeps the order of its keys, which the encoder would sort.
protocol OrderedDocument: Encodable {
  /// The member, which stands behind the others.
  var ordered: OrderedJSON.Member { get }
}

/// JSON whose objects keep the order of their keys.
indirect enum OrderedJSON: Sendable {
  typealias Member = (key: String, value: OrderedJSON)

  case object([Member])
  case string(String)
  /// Digits as they stand, or what is no number: null.
  case number(String)

  /// As `JSONFormat` writes it, at a depth of the document.
  func text(depth: Int) -> String {
    switch self {
    case .string(let string): return OrderedJSON.quoted(string)
    case .number(let digits): return Double(digits) == nil ? "null" : digits
    case .object(let members):
      let margin = String(repeating: "  ", count: depth)
      let lines = members.map { "\(margin)  \(OrderedJSON.quoted($0.key)) : \($0.value.text(depth: depth + 1))" }
      return "{\n\(lines.joined(separator: ",\n"))\n\(margin)}"
    }
  }

  static func quoted(_ string: String) -> String {
    let escaped = string.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case _ where scalar.value < 0x20:
        "\\u" + String(repeating: "0", count: scalar.value < 16 ? 3 : 2) + String(scalar.value, radix: 16)
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }
}
