/// A term that remembers how it came about: a count together with the formula of the count.
package struct Symbol: Hashable, Sendable {
  package let expression: Expression
  package let value: Count

  init(_ expression: Expression, _ value: Count) {
    self.expression = expression
    self.value = value
  }
}

extension Symbol: Term {
  package init(integerLiteral value: UInt64) { self.init(.literal(value), Count(value)) }

  package static func input(_ letter: Letter, _ value: UInt64) -> Symbol {
    Symbol(.input(letter, value), Count(value))
  }

  package static func + (left: Symbol, right: Symbol) -> Symbol {
    if left.isLiteral(0) { return right }
    if right.isLiteral(0) { return left }
    return Symbol(.sum(left.expression, right.expression), left.value + right.value)
  }

  package static func * (left: Symbol, right: Symbol) -> Symbol {
    if left.isLiteral(1) { return right }
    if right.isLiteral(1) { return left }
    return Symbol(.product(left.expression, right.expression), left.value * right.value)
  }

  package func excess(over other: Symbol) -> Symbol {
    Symbol(.excess(expression, over: other.expression), value.excess(over: other.value))
  }

  package func minimum(_ other: Symbol) -> Symbol {
    Symbol(.minimum(expression, other.expression), value.minimum(other.value))
  }

  package func divided(exactlyBy divisor: Symbol) -> Symbol {
    Symbol(.quotient(expression, divisor.expression), value.divided(exactlyBy: divisor.value))
  }

  package func divided(roundingUpBy divisor: Symbol) -> Symbol {
    Symbol(.roundedUpQuotient(expression, divisor.expression), value.divided(roundingUpBy: divisor.value))
  }

  /// ⌊self / divisor⌋: a note's integer division. The engine never drops a remainder.
  package func divided(roundingDownBy divisor: Symbol) -> Symbol {
    Symbol(.roundedDownQuotient(expression, divisor.expression), value.divided(exactlyBy: divisor.value))
  }

  package func times(expected number: some ExpectedNumber, of count: Symbol, _ letter: Letter) -> Symbol {
    let mean = number.value(at: Double(count.value.value))
    return Symbol(
      .rounded(.product(.mean(letter, mean), expression)),
      value.times(expected: number, of: count.value, letter))
  }

  package func bytes(_ format: ElementFormat) -> Symbol {
    Symbol(.bytes(of: expression, format), value.bytes(format))
  }

  package func named(_ letter: Letter) -> Symbol {
    if case .input(let own, _) = expression, own == letter { return self }
    if case .named(let own, _, _) = expression, own == letter { return self }
    return Symbol(.named(letter, definition: expression, value: value), value)
  }

  package func isAbove(_ other: Symbol) -> Bool { value > other.value }

  /// Without letters that belong to one row.
  package var spelledOut: Symbol { Symbol(expression.spelledOut, value) }

  private func isLiteral(_ number: UInt64) -> Bool { expression == .literal(number) }
}
