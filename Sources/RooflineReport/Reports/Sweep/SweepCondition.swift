import RooflineCore
import RooflineDeployment

/// What `--where` asks of a row: columns, numbers, comparisons, `&&`, `||`, `!` and parentheses.
///
/// A comparison with a number that is not known is neither true nor false, and a row is kept where the whole is true.
package struct SweepCondition: Sendable {
  private let root: Node
  /// As it was typed.
  package let text: String
  /// The columns that it names.
  package let columns: [SweepColumn]

  fileprivate indirect enum Node: Sendable {
    case truth(SweepColumn)
    case compare(Operand, Comparison, Operand)
    case not(Node)
    case and(Node, Node)
    case or(Node, Node)
  }

  fileprivate enum Operand: Sendable {
    case column(SweepColumn)
    case number(Double)
    case text(String)
  }

  fileprivate enum Comparison: String, Sendable, CaseIterable {
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case equal = "=="
    case different = "!="
    case less = "<"
    case greater = ">"
  }

  /// - Throws: `InputError.usage` with what is wrong and where it stands.
  package init(_ text: String) throws(InputError) {
    self.text = text
    var parser = SweepConditionParser(text)
    root = try parser.whole()
    columns = parser.columns
  }

  package func holds(_ row: SweepRow) -> Bool { SweepCondition.value(root, row) == true }

  /// nil where it hangs on a number that is not known.
  private static func value(_ node: Node, _ row: SweepRow) -> Bool? {
    switch node {
    case .truth(let column):
      if case .truth(let truth) = column.value(row) { return truth }
      return nil
    case .compare(let left, let comparison, let right): return compare(left, comparison, right, row)
    case .not(let inner): return value(inner, row).map { !$0 }
    case .and(let left, let right):
      let first = value(left, row)
      if first == false { return false }
      let second = value(right, row)
      return second == false ? false : first.flatMap { _ in second }
    case .or(let left, let right):
      let first = value(left, row)
      if first == true { return true }
      let second = value(right, row)
      return second == true ? true : first.flatMap { _ in second }
    }
  }

  private static func compare(_ left: Operand, _ comparison: Comparison, _ right: Operand, _ row: SweepRow) -> Bool? {
    if let first = number(left, row), let second = number(right, row) {
      switch comparison {
      case .less: return first < second
      case .lessOrEqual: return first <= second
      case .greater: return first > second
      case .greaterOrEqual: return first >= second
      case .equal: return first == second
      case .different: return first != second
      }
    }
    guard let first = text(left, row), let second = text(right, row) else { return nil }
    return comparison == .equal ? first == second : first != second
  }

  private static func number(_ operand: Operand, _ row: SweepRow) -> Double? {
    switch operand {
    case .column(let column): column.number(row)
    case .number(let number): number
    case .text: nil
    }
  }

  private static func text(_ operand: Operand, _ row: SweepRow) -> String? {
    switch operand {
    case .column(let column):
      if case .text(let text) = column.value(row) { text } else { nil }
    case .text(let text): text
    case .number: nil
    }
  }
}

/// Reads a condition: `or` of `and`s of comparisons, as C has it.
private struct SweepConditionParser {
  private enum Token: Hashable {
    case word(String)
    case number(Double)
    case text(String)
    case symbol(String)
  }

  private let source: [Unicode.Scalar]
  private var offset = 0
  /// The token at hand, and where it begins.
  private var token: Token?
  private var start = 0
  private var depth = 0
  private(set) var columns: [SweepColumn] = []
  /// Deeper ones are a slip of the keyboard, or an attack on the stack.
  private static let deepest = 64

  init(_ text: String) { source = Array(text.unicodeScalars) }

  mutating func whole() throws(InputError) -> SweepCondition.Node {
    try advance()
    let node = try or()
    guard token == nil else { throw unexpected("&&, || or the end") }
    return node
  }

  private mutating func or() throws(InputError) -> SweepCondition.Node {
    var node = try and()
    while token == .symbol("||") {
      try advance()
      node = .or(node, try and())
    }
    return node
  }

  private mutating func and() throws(InputError) -> SweepCondition.Node {
    var node = try not()
    while token == .symbol("&&") {
      try advance()
      node = .and(node, try not())
    }
    return node
  }

  private mutating func not() throws(InputError) -> SweepCondition.Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw .usage("--where: more than \(Self.deepest) parentheses or ! inside each other")
    }
    if token == .symbol("!") {
      try advance()
      return .not(try not())
    }
    guard token == .symbol("(") else { return try comparison() }
    try advance()
    let node = try or()
    guard token == .symbol(")") else { throw unexpected("a closing parenthesis") }
    try advance()
    return node
  }

  private mutating func comparison() throws(InputError) -> SweepCondition.Node {
    let left = try operand()
    guard case .symbol(let symbol) = token, let comparison = SweepCondition.Comparison(rawValue: symbol) else {
      guard case .column(let column) = left else { throw unexpected("a comparison") }
      guard column.kind == .truth else {
        throw .usage("--where: \(column.rawValue) is \(Self.name(column.kind)), neither true nor false; compare it")
      }
      return .truth(column)
    }
    try advance()
    let right = try operand()
    let kinds = (Self.kind(left), Self.kind(right))
    guard kinds.0 == kinds.1, kinds.0 != .truth else {
      throw .usage(
        "--where: \(comparison.rawValue) cannot compare \(Self.name(kinds.0)) with \(Self.name(kinds.1)); numbers stand bare, words in quotes, and what is true or false alone"
      )
    }
    guard kinds.0 == .number || comparison == .equal || comparison == .different else {
      throw .usage("--where: words are compared by == and != only, not by \(comparison.rawValue)")
    }
    if case .symbol(let next) = token, SweepCondition.Comparison(rawValue: next) != nil {
      throw unexpected("&&, || or the end: comparisons stand in no chain")
    }
    return .compare(left, comparison, right)
  }

  private mutating func operand() throws(InputError) -> SweepCondition.Operand {
    switch token {
    case .word(let word):
      let column = try SweepColumn(named: word, in: "--where")
      columns.append(column)
      try advance()
      return .column(column)
    case .number(let number):
      try advance()
      return .number(number)
    case .text(let text):
      try advance()
      return .text(text)
    case .symbol, nil: throw unexpected("a column or a number")
    }
  }

  private static func kind(_ operand: SweepCondition.Operand) -> SweepColumn.Kind {
    switch operand {
    case .column(let column): column.kind
    case .number: .number
    case .text: .text
    }
  }

  private static func name(_ kind: SweepColumn.Kind) -> String {
    switch kind {
    case .number: "a number"
    case .text: "a word"
    case .truth: "a truth value"
    }
  }

  // MARK: tokens

  private func unexpected(_ expected: String) -> InputError {
    guard token != nil else { return .usage("--where ends where \(expected) should stand") }
    let found = String(String.UnicodeScalarView(source[start..<offset]))
    return .usage("--where: \"\(found.quoted)\" at character \(start + 1) stands where \(expected) should")
  }

  private mutating func advance() throws(InputError) {
    while offset < source.count, source[offset].properties.isWhitespace { offset += 1 }
    start = offset
    guard offset < source.count else {
      token = nil
      return
    }
    let first = source[offset]
    if Self.isLetter(first) {
      token = .word(take { Self.isLetter($0) || Self.isDigit($0) })
    } else if Self.isDigit(first) || first == "." || first == "-" {
      token = .number(try number())
    } else if first == "\"" || first == "'" {
      offset += 1
      let text = take { $0 != first }
      guard offset < source.count else {
        throw .usage("--where: the quotation mark at character \(start + 1) has no partner")
      }
      offset += 1
      token = .text(text)
    } else {
      let symbols = ["&&", "||", "(", ")"] + SweepCondition.Comparison.allCases.map(\.rawValue) + ["!"]
      let rest = String(String.UnicodeScalarView(source[offset..<min(offset + 2, source.count)]))
      guard let symbol = symbols.first(where: rest.hasPrefix) else {
        offset += 1
        token = .symbol(String(first))
        throw unexpected("a column, a number, a comparison, &&, ||, ! or a parenthesis")
      }
      offset += symbol.unicodeScalars.count
      token = .symbol(symbol)
    }
  }

  private mutating func number() throws(InputError) -> Double {
    var text = take { Self.isDigit($0) || $0 == "." || $0 == "-" }
    if offset < source.count, source[offset] == "e" || source[offset] == "E" {
      offset += 1
      text += "e"
      if offset < source.count, source[offset] == "-" || source[offset] == "+" {
        text.unicodeScalars.append(source[offset])
        offset += 1
      }
      text += take(while: Self.isDigit)
    }
    if text.hasPrefix(".") { text = "0" + text }
    guard let number = Double(text), number.isFinite else {
      throw .usage("--where: \"\(text.quoted)\" at character \(start + 1) is no number")
    }
    return number
  }

  private mutating func take(while isPart: (Unicode.Scalar) -> Bool) -> String {
    var text = String.UnicodeScalarView()
    while offset < source.count, isPart(source[offset]) {
      text.append(source[offset])
      offset += 1
    }
    return String(text)
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
}
