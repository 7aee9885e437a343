/// The tree of a formula.
package indirect enum Expression: Hashable, Sendable {
  case literal(UInt64)
  case input(Letter, UInt64)
  /// A letter with a definition of its own, printed once under "where".
  case named(Letter, definition: Expression, value: Count)
  case sum(Expression, Expression)
  case product(Expression, Expression)
  case excess(Expression, over: Expression)
  case minimum(Expression, Expression)
  case quotient(Expression, Expression)
  case roundedUpQuotient(Expression, Expression)
  /// What a note's integer division leaves.
  case roundedDownQuotient(Expression, Expression)
  case bytes(of: Expression, ElementFormat)
  /// An expected number, which need not be whole.
  case mean(Letter, Double)
  /// Rounded to the nearest whole number.
  case rounded(Expression)

  /// The letters it is made of.
  package var symbolic: String { text(.letters).string }

  /// The same with numbers put in; every reader of `+ − × / ⌈⌉ ⌊⌋ max min round` can evaluate it.
  package var substituted: String { text(.numbers).string }

  /// The letters of this formula in the order in which they appear, each once, definitions' letters before the letter.
  package var letters: [Expression] {
    var found: [Expression] = []
    collectLetters(into: &found)
    return found
  }
}

extension Expression {
  private enum Reading { case letters, numbers }

  /// How tightly the outermost operation binds.
  private enum Binding: Int { case sum, product, atom }

  private struct Text {
    let string: String
    let binding: Binding

    /// In brackets where the surroundings bind tighter.
    func inside(_ outer: Binding) -> String { binding.rawValue < outer.rawValue ? "(\(string))" : string }
  }

  private func text(_ reading: Reading) -> Text {
    switch (self, reading) {
    case (.literal(let value), _): return Text(string: String(value), binding: .atom)
    case (.input(let letter, _), .letters), (.named(let letter, _, _), .letters):
      return Text(string: letter.symbol, binding: .atom)
    case (.input(_, let value), .numbers): return Text(string: String(value), binding: .atom)
    case (.named(_, _, let value), .numbers): return Text(string: String(value.value), binding: .atom)
    case (.mean(let letter, _), .letters): return Text(string: letter.symbol, binding: .atom)
    case (.mean(_, let number), .numbers): return Text(string: Expression.decimal(number), binding: .atom)
    case (.rounded(let inner), _): return Text(string: "round(\(inner.text(reading).string))", binding: .atom)
    case (.sum(let left, let right), _):
      return Text(string: "\(left.text(reading).inside(.sum)) + \(right.text(reading).inside(.sum))", binding: .sum)
    case (.product(let left, let right), _):
      let sign = reading == .letters ? "·" : " × "
      return Text(
        string: left.text(reading).inside(.product) + sign + right.text(reading).inside(.product), binding: .product)
    case (.excess(let left, let right), _):
      let terms = "\(left.text(reading).inside(.sum)) − \(right.text(reading).inside(.product))"
      return Text(string: "max(0, \(terms))", binding: .atom)
    case (.minimum(let left, let right), _):
      return Text(string: "min(\(left.text(reading).string), \(right.text(reading).string))", binding: .atom)
    case (.quotient(let left, let right), _):
      return Text(string: Expression.fraction(left, right, reading), binding: .product)
    case (.roundedUpQuotient(let left, let right), _):
      return Text(string: "⌈\(Expression.fraction(left, right, reading))⌉", binding: .atom)
    case (.roundedDownQuotient(let left, let right), _):
      return Text(string: "⌊\(Expression.fraction(left, right, reading))⌋", binding: .atom)
    case (.bytes(let elements, let format), .letters):
      let product = "\(elements.text(reading).inside(.product))·\(format.letter.symbol)"
      return format.storage.isWholeBytes
        ? Text(string: product, binding: .product) : Text(string: "⌈\(product)⌉", binding: .atom)
    case (.bytes(let elements, let format), .numbers):
      let count = elements.text(reading).inside(.product)
      let bits = format.storage.bits
      return format.storage.isWholeBytes
        ? Text(string: "\(count) × \(bits / 8)", binding: .product)
        : Text(string: "⌈\(count) × \(bits) / 8⌉", binding: .atom)
    }
  }

  /// As many digits as tell the number from its neighbours, without an exponent that a reader of formulas would not know.
  package static func decimal(_ number: Double) -> String {
    let text = "\(number)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A quotient's right side is bracketed unless it is one symbol: a / b·c would be read two ways.
  private static func fraction(_ left: Expression, _ right: Expression, _ reading: Reading) -> String {
    "\(left.text(reading).inside(.product)) / \(right.text(reading).inside(.atom))"
  }

  /// The same with a row's own letters replaced by their definitions: in a formula over several rows they would be ambiguous.
  var spelledOut: Expression {
    switch self {
    case .literal, .input, .mean: self
    case .named(let letter, let definition, _): letter.isARowsOwn ? definition.spelledOut : self
    case .sum(let left, let right): .sum(left.spelledOut, right.spelledOut)
    case .product(let left, let right): .product(left.spelledOut, right.spelledOut)
    case .excess(let left, let right): .excess(left.spelledOut, over: right.spelledOut)
    case .minimum(let left, let right): .minimum(left.spelledOut, right.spelledOut)
    case .quotient(let left, let right): .quotient(left.spelledOut, right.spelledOut)
    case .roundedUpQuotient(let left, let right): .roundedUpQuotient(left.spelledOut, right.spelledOut)
    case .roundedDownQuotient(let left, let right): .roundedDownQuotient(left.spelledOut, right.spelledOut)
    case .bytes(let elements, let format): .bytes(of: elements.spelledOut, format)
    case .rounded(let inner): .rounded(inner.spelledOut)
    }
  }

  /// The formats whose widths it multiplies by, those of definitions included, each once.
  package var formats: [ElementFormat] {
    switch self {
    case .literal, .input, .mean: return []
    case .rounded(let inner): return inner.formats
    case .named(_, let definition, _): return definition.formats
    case .sum(let left, let right), .product(let left, let right), .excess(let left, let right),
      .minimum(let left, let right), .quotient(let left, let right), .roundedUpQuotient(let left, let right),
      .roundedDownQuotient(let left, let right):
      let known = left.formats
      return known + right.formats.filter { !known.contains($0) }
    case .bytes(let elements, let format):
      let known = elements.formats
      return known.contains(format) ? known : known + [format]
    }
  }

  private func collectLetters(into found: inout [Expression]) {
    switch self {
    case .literal: break
    case .input, .mean: if !found.contains(self) { found.append(self) }
    case .rounded(let inner): inner.collectLetters(into: &found)
    case .named(_, let definition, _):
      guard !found.contains(self) else { return }
      definition.collectLetters(into: &found)
      found.append(self)
    case .sum(let left, let right), .product(let left, let right), .excess(let left, let right),
      .minimum(let left, let right), .quotient(let left, let right), .roundedUpQuotient(let left, let right),
      .roundedDownQuotient(let left, let right):
      left.collectLetters(into: &found)
      right.collectLetters(into: &found)
    case .bytes(let elements, _): elements.collectLetters(into: &found)
    }
  }
}
