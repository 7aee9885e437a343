extension String {
  /// As text or an attribute's value of XML or HTML: no character of it is markup, and none is forbidden there.
  package var markup: String {
    let text = printable
    guard
      text.utf8.contains(where: { $0 == 0x26 || $0 == 0x3C || $0 == 0x3E || $0 == 0x22 || $0 == 0x27 || $0 == 0xEF })
    else { return text }
    var clean = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": clean.append(contentsOf: "&amp;".unicodeScalars)
      case "<": clean.append(contentsOf: "&lt;".unicodeScalars)
      case ">": clean.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": clean.append(contentsOf: "&quot;".unicodeScalars)
      case "'": clean.append(contentsOf: "&#39;".unicodeScalars)
      // XML 1.0 has no place for them.
      case "\u{FFFE}", "\u{FFFF}": clean.append("?")
      default: clean.append(scalar)
      }
    }
    return String(clean)
  }
}
