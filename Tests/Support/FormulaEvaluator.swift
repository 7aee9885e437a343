/// An evaluator of printed formulas that knows nothing of the engine: numbers, `+ − × /`, brackets, `⌈ ⌉`, `⌊ ⌋`, `max`, `min`, `round`.
///
/// Exact: values are fractions of 128-bit integers, so that a quotient is only rounded where the formula says so.
package struct FormulaEvaluator {
  private var rest: Substring

  package enum Failure: Error { case unexpected(String) }

  /// The value of a formula that comes to a whole number.
  package static func integer(_ formula: String) throws -> UInt64 {
    let value = try fraction(formula)
    guard value.denominator == 1, value.numerator >= 0, value.numerator <= Int128(UInt64.max) else {
      throw Failure.unexpected("\(formula) comes to \(value.numerator)/\(value.denominator)")
    }
    return UInt64(value.numerator)
  }

  /// The value of a formula in floating point, for times.
  package static func real(_ formula: String) throws -> Double {
    var evaluator = RealEvaluator(formula)
    return try evaluator.all()
  }

  private static func fraction(_ formula: String) throws -> Fraction {
    var evaluator = FormulaEvaluator(rest: formula.filter { $0 != " " }[...])
    let value = try evaluator.sum()
    guard evaluator.rest.isEmpty else { throw Failure.unexpected(String(evaluator.rest)) }
    return value
  }

  private mutating func take(_ text: String) -> Bool {
    guard rest.hasPrefix(text) else { return false }
    rest = rest.dropFirst(text.count)
    return true
  }

  private mutating func need(_ text: String) throws {
    guard take(text) else { throw Failure.unexpected("\(rest), not \(text)") }
  }

  private mutating func sum() throws -> Fraction {
    var value = try product()
    while true {
      if take("+") {
        value = value + (try product())
      } else if take("−") {
        value = value - (try product())
      } else {
        return value
      }
    }
  }

  private mutating func product() throws -> Fraction {
    var value = try atom()
    while true {
      if take("×") {
        value = value * (try atom())
      } else if take("/") {
        value = value / (try atom())
      } else {
        return value
      }
    }
  }

  private mutating func atom() throws -> Fraction {
    if take("(") {
      let value = try sum()
      try need(")")
      return value
    }
    if take("⌈") {
      let value = try sum()
      try need("⌉")
      return value.roundedUp
    }
    if take("⌊") {
      let value = try sum()
      try need("⌋")
      return value.roundedDown
    }
    if take("round(") {
      let value = try sum()
      try need(")")
      return (value * Fraction(numerator: 2, denominator: 1) + Fraction(numerator: -1, denominator: 1)).halvedUp
    }
    for (name, choose) in [("max(", { (a: Fraction, b: Fraction) in a < b ? b : a }), ("min(", { $0 < $1 ? $0 : $1 })]
    where take(name) {
      var value = try sum()
      while take(",") { value = choose(value, try sum()) }
      try need(")")
      return value
    }
    let digits = rest.prefix { $0.isNumber || $0 == "." }
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let number = Int128(parts.joined()) else { throw Failure.unexpected(String(rest)) }
    rest = rest.dropFirst(digits.count)
    let decimals = parts.count == 2 ? parts[1].count : 0
    return Fraction(numerator: number, denominator: (0..<decimals).reduce(1) { power, _ in power * 10 })
  }
}

private struct Fraction {
  let numerator: Int128
  let denominator: Int128

  init(numerator: Int128, denominator: Int128) {
    var (a, b) = (numerator.magnitude, denominator.magnitude)
    while b != 0 { (a, b) = (b, a % b) }
    let divisor = Int128(max(a, 1))
    self.numerator = numerator / divisor
    self.denominator = denominator / divisor
  }

  var roundedUp: Fraction {
    let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
    return Fraction(numerator: remainder > 0 ? quotient + 1 : quotient, denominator: 1)
  }

  /// Of what is not negative.
  var roundedDown: Fraction { Fraction(numerator: numerator / denominator, denominator: 1) }

  /// ⌈self / 2⌉: of 2x − 1, x rounded to the nearest.
  var halvedUp: Fraction { Fraction(numerator: numerator, denominator: denominator * 2).roundedUp }

  static func + (l: Self, r: Self) -> Self {
    Self(
      numerator: l.numerator * r.denominator + r.numerator * l.denominator, denominator: l.denominator * r.denominator)
  }
  static func - (l: Self, r: Self) -> Self { l + Self(numerator: -r.numerator, denominator: r.denominator) }
  static func * (l: Self, r: Self) -> Self {
    Self(numerator: l.numerator * r.numerator, denominator: l.denominator * r.denominator)
  }
  static func / (l: Self, r: Self) -> Self {
    Self(numerator: l.numerator * r.denominator, denominator: l.denominator * r.numerator)
  }
  static func < (l: Self, r: Self) -> Bool { l.numerator * r.denominator < r.numerator * l.denominator }
}

/// Times: floating-point numbers with `+ × / max`.
private struct RealEvaluator {
  private var rest: Substring

  init(_ formula: String) { rest = formula.filter { $0 != " " }[...] }

  mutating func all() throws -> Double {
    let value = try sum()
    guard rest.isEmpty else { throw FormulaEvaluator.Failure.unexpected(String(rest)) }
    return value
  }

  private mutating func take(_ text: String) -> Bool {
    guard rest.hasPrefix(text) else { return false }
    rest = rest.dropFirst(text.count)
    return true
  }

  private mutating func sum() throws -> Double {
    var value = try product()
    while take("+") { value += try product() }
    return value
  }

  private mutating func product() throws -> Double {
    var value = try atom()
    while true {
      if take("×") { value *= try atom() } else if take("/") { value /= try atom() } else { return value }
    }
  }

  private mutating func atom() throws -> Double {
    if take("(") {
      let value = try sum()
      guard take(")") else { throw FormulaEvaluator.Failure.unexpected(String(rest)) }
      return value
    }
    if take("max(") {
      var value = try sum()
      while take(",") { value = max(value, try sum()) }
      guard take(")") else { throw FormulaEvaluator.Failure.unexpected(String(rest)) }
      return value
    }
    // A sign belongs to a number only behind its exponent.
    var digits = ""
    for character in rest {
      guard
        character.isNumber || character == "." || character == "e" || (digits.last == "e" && "+-".contains(character))
      else { break }
      digits.append(character)
    }
    guard let number = Double(digits) else { throw FormulaEvaluator.Failure.unexpected(String(rest)) }
    rest = rest.dropFirst(digits.count)
    return number
  }
}
