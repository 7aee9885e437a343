/// An expected number as it follows from a count: how many experts so many tokens touch. It need not be whole.
package protocol ExpectedNumber: Hashable, Sendable {
  func value(at count: Double) -> Double
}

/// One that is the same whatever is counted.
package struct FixedNumber: ExpectedNumber {
  package let number: Double

  package init(_ number: Double) { self.number = number }

  package func value(at count: Double) -> Double { number }
}

extension Term {
  /// `self` times an expected number that is the same whatever is counted, rounded to the nearest.
  func times(expected number: Double, _ letter: Letter) -> Self {
    times(expected: FixedNumber(number), of: 1, letter)
  }
}
