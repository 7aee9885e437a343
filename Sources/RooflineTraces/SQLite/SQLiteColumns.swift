/// The columns of a table, as its `CREATE TABLE` has them: which value of a row is whose.
struct SQLiteColumns {
  struct Column: Hashable {
    let name: String
    /// Of rows that were written before the column was added.
    let fallback: SQLiteValue?
  }

  /// In the order of a row's values.
  private(set) var all: [Column] = []
  /// The column that a row's number stands for.
  private(set) var key: Int?
  /// Whether rows are kept by their key, without numbers.
  let areUnnumbered: Bool

  init(_ sql: String) {
    var tokens = SQLTokens(sql).all[...]
    // The table's name stands before the first parenthesis.
    tokens = tokens.drop { $0 != .symbol("(") }.dropFirst()
    var parts: [[SQLToken]] = [[]]
    var depth = 0
    while let token = tokens.popFirst() {
      if token == .symbol("(") { depth += 1 }
      if token == .symbol(")") { depth -= 1 }
      if depth < 0 { break }
      if token == .symbol(","), depth == 0 { parts.append([]) } else { parts[parts.count - 1].append(token) }
    }
    let options = tokens.compactMap(\.keyword)
    areUnnumbered = zip(options, options.dropFirst()).contains { $0 == ("WITHOUT", "ROWID") }
    var integers: Set<String> = []
    for part in parts {
      guard let name = part.first?.text else { continue }
      if let word = part[0].keyword, SQLiteColumns.constraints.contains(word) {
        let named = SQLiteColumns.keyColumns(part)
        if let own = named.first, named.count == 1, integers.contains(own) {
          key = all.firstIndex { $0.name.lowercased() == own }
        }
        continue
      }
      let rest = SQLiteColumns.outer(part.dropFirst())
      guard !SQLiteColumns.isVirtual(rest) else { continue }
      let type = rest.prefix { $0.keyword.map { !SQLiteColumns.clauses.contains($0) } ?? ($0.text != nil) }
      if type.count == 1, type.first?.text?.uppercased() == "INTEGER" {
        integers.insert(name.lowercased())
        if rest.contains(where: { $0.keyword == "PRIMARY" }) { key = all.count }
      }
      all.append(Column(name: name, fallback: SQLiteColumns.fallback(part)))
    }
  }

  /// What begins a part that is no column.
  private static let constraints: Set<String> = ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"]
  /// What may follow a column's type.
  private static let clauses: Set<String> = [
    "CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS",
  ]

  /// Without what stands in parentheses.
  private static func outer(_ tokens: ArraySlice<SQLToken>) -> [SQLToken] {
    var depth = 0
    return tokens.filter { token in
      if token == .symbol("(") { depth += 1 }
      defer { if token == .symbol(")") { depth -= 1 } }
      return depth == 0
    }
  }

  /// Computed when it is asked for, and in no row.
  private static func isVirtual(_ rest: [SQLToken]) -> Bool {
    rest.contains { $0.keyword == "AS" } && !rest.contains { $0.keyword == "STORED" }
  }

  /// `PRIMARY KEY (id)`.
  private static func keyColumns(_ part: [SQLToken]) -> [String] {
    guard let place = part.firstIndex(where: { $0.keyword == "PRIMARY" }),
      let open = part[place...].firstIndex(of: .symbol("("))
    else { return [] }
    let inside = part[(open + 1)...].prefix { $0 != .symbol(")") }
    return inside.split(separator: .symbol(",")).compactMap { $0.first?.text?.lowercased() }
  }

  /// A constant behind DEFAULT, as a row without the column has it.
  private static func fallback(_ part: [SQLToken]) -> SQLiteValue? {
    guard let place = part.firstIndex(where: { $0.keyword == "DEFAULT" }) else { return nil }
    var rest = part[(place + 1)...].drop { $0 == .symbol("(") || $0 == .symbol("+") }
    let isNegative = rest.first == .symbol("-")
    if isNegative { rest = rest.dropFirst() }
    guard let token = rest.first, let text = token.text else { return nil }
    let sign = isNegative ? "-" : ""
    if let number = Int64(sign + text) { return .integer(number) }
    if let number = Double(sign + text), number.isFinite { return .real(number) }
    switch token.keyword {
    case "TRUE": return .integer(1)
    case "FALSE": return .integer(0)
    case nil: return .text(text)
    case _: return nil
    }
  }
}

/// A word of SQL.
enum SQLToken: Hashable {
  /// As it is written.
  case word(String)
  /// Without its quotes.
  case quoted(String)
  case symbol(Character)

  var text: String? {
    switch self {
    case .word(let text), .quoted(let text): text
    case .symbol: nil
    }
  }

  /// In capitals; nil of what can be no keyword.
  var keyword: String? { if case .word(let text) = self { text.uppercased() } else { nil } }
}

/// A statement cut into words, without its comments.
struct SQLTokens {
  private(set) var all: [SQLToken] = []

  init(_ sql: String) {
    var rest = Substring(sql)
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if rest.hasPrefix("--") {
        rest = rest.drop { !$0.isNewline }
      } else if rest.hasPrefix("/*") {
        rest.removeFirst(2)
        while !rest.isEmpty, !rest.hasPrefix("*/") { rest.removeFirst() }
        rest = rest.dropFirst(2)
      } else if let close = SQLTokens.quotes[first] {
        rest.removeFirst()
        all.append(.quoted(SQLTokens.quoted(&rest, close)))
      } else if SQLTokens.isWord(first) {
        let word = rest.prefix(while: SQLTokens.isWord)
        all.append(.word(String(word)))
        rest = rest[word.endIndex...]
      } else {
        all.append(.symbol(first))
        rest.removeFirst()
      }
    }
  }

  private static let quotes: [Character: Character] = ["\"": "\"", "`": "`", "'": "'", "[": "]"]

  private static func isWord(_ character: Character) -> Bool {
    !character.isASCII || character.isLetter || character.isNumber || "_$.".contains(character)
  }

  /// Up to the closing quote, of which two stand for one.
  private static func quoted(_ rest: inout Substring, _ close: Character) -> String {
    var text = ""
    while let next = rest.popFirst() {
      guard next == close else {
        text.append(next)
        continue
      }
      guard close != "]", rest.first == close else { break }
      rest.removeFirst()
      text.append(close)
    }
    return text
  }
}
