extension String {
  /// The same as `printable`, with the colours of a `TextFormat` left in.
  package var printableInColor: String {
    guard utf8.contains(0x1B) else { return printable }
    var parts: [String] = []
    var rest = self[...]
    while let escape = rest.utf8.firstIndex(of: 0x1B) {
      parts.append(String(rest[..<escape]).printable)
      let color = TextFormat.colors.first { rest[escape...].utf8.starts(with: $0.utf8) }
      parts.append(color ?? "?")
      rest = rest[rest.utf8.index(escape, offsetBy: color?.utf8.count ?? 1)...]
    }
    return (parts + [String(rest).printable]).joined()
  }
}
