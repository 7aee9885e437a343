import RooflineCore

/// A fraction of two terms: what note 003 sends need not be a whole number of elements.
package struct Quotient<Scalar: Term>: Hashable, Sendable {
  package let numerator, denominator: Scalar

  package init(_ numerator: Scalar, over denominator: Scalar = 1) {
    self.numerator = numerator
    self.denominator = denominator
  }
}

extension Quotient<Symbol> {
  /// The formula as one symbol.
  package var formula: Symbol { denominator == 1 ? numerator : numerator.divided(exactlyBy: denominator) }
}

/// Exact arithmetic, in lowest terms so that it overflows late; a saturated part stays saturated.
extension Quotient<Count> {
  package static func * (left: Self, factor: Count) -> Self { left * Quotient(factor) }

  package static func / (left: Self, divisor: Count) -> Self { left * Quotient(1, over: divisor) }

  package static func * (left: Self, right: Self) -> Self {
    let (a, b) = (left.reduced, right.reduced)
    let (crossed, other) = (Quotient(a.numerator, over: b.denominator), Quotient(b.numerator, over: a.denominator))
    let (first, second) = (crossed.reduced, other.reduced)
    return Quotient(first.numerator * second.numerator, over: first.denominator * second.denominator)
  }

  package static func + (left: Self, right: Count) -> Self {
    Quotient(left.numerator + right * left.denominator, over: left.denominator)
  }

  package static func + (left: Self, right: Self) -> Self {
    let (a, b) = (left.reduced, right.reduced)
    return Quotient(
      a.numerator * b.denominator + b.numerator * a.denominator, over: a.denominator * b.denominator)
  }

  /// The smallest whole number that is not below it.
  package var roundedUp: Count { numerator.divided(roundingUpBy: denominator) }

  package var isOverflow: Bool { numerator.isOverflow || denominator.isOverflow }

  /// A count where it is whole.
  package var value: ConventionValue {
    let whole = numerator.divided(exactlyBy: denominator)
    return whole * denominator == numerator
      ? .count(whole) : .ratio(Double(numerator.value) / Double(denominator.value))
  }

  private var reduced: Self {
    guard !isOverflow, denominator != 0 else { return self }
    var (a, b) = (numerator.value, denominator.value)
    while b != 0 { (a, b) = (b, a % b) }
    return Quotient(Count(numerator.value / a), over: Count(denominator.value / a))
  }
}
