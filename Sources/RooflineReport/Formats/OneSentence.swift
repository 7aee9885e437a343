extension String {
  /// A sentence for standard error: on one line, without controls, and with at most 80 scalars of anything that it repeats.
  ///
  /// Whatever is quoted in it, and every word, is what came in; the sentences' own words are shorter.
  package var onOneLine: String {
    let whole = printableLine
    let limit = 1500
    guard whole.utf8.count > 80 else { return whole }
    let short = whole.shorteningQuotations.shorteningWords
    guard short.unicodeScalars.count > limit else { return short }
    return String(String.UnicodeScalarView(short.unicodeScalars.prefix(limit - 1))) + "…"
  }

  /// What stands between two marks of a kind, each span as `quoted`.
  private var shorteningQuotations: String {
    var text = ""
    var rest = unicodeScalars[...]
    while let open = rest.firstIndex(where: { $0 == "\"" || $0 == "`" }) {
      let inside = rest[rest.index(after: open)...]
      guard let close = inside.firstIndex(of: rest[open]) else { break }
      text += String(rest[...open]) + String(inside[..<close]).quoted + String(rest[close])
      rest = rest[rest.index(after: close)...]
    }
    return text + String(rest)
  }

  private var shorteningWords: String {
    unicodeScalars.split(separator: " ", omittingEmptySubsequences: false).map { String($0).quoted }.joined(
      separator: " ")
  }
}
