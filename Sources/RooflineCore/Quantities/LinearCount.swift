/// A count as the attended keys C grow: `start` at the first C, and `slope` more with each further key.
///
/// The third reading of a formula, after its value and its text: it says whether the formula is a straight line in C, so that
/// what it counts at the first and at the last key says what it counts at all keys between them. A formula that may bend (a
/// product of two growing counts, a minimum that changes sides) is not `isLinear`, however straight some of its values lie.
package struct LinearCount: Hashable, Sendable {
  package let start, slope: Count
  /// Whether the count is start + slope·k at every k ≥ 0.
  package let isLinear: Bool

  package init(_ start: Count, slope: Count = 0, isLinear: Bool = true) {
    self.start = start
    self.slope = slope
    // A saturated count is no number any more.
    self.isLinear = isLinear && start.value != .max && slope.value != .max
  }

  var isConstant: Bool { isLinear && slope == 0 }

  private static let bent = LinearCount(0, isLinear: false)

  private func isNowhereBelow(_ other: Self) -> Bool { start >= other.start && slope >= other.slope }
}

extension LinearCount: Term {
  package init(integerLiteral value: UInt64) { self.init(Count(value)) }

  package static func input(_ letter: Letter, _ value: UInt64) -> LinearCount {
    LinearCount(Count(value), slope: letter == .attendedKeys ? 1 : 0)
  }

  package static func + (left: Self, right: Self) -> Self {
    LinearCount(left.start + right.start, slope: left.slope + right.slope, isLinear: left.isLinear && right.isLinear)
  }

  package static func * (left: Self, right: Self) -> Self {
    guard left.isLinear, right.isLinear, left.slope == 0 || right.slope == 0 else { return bent }
    return LinearCount(left.start * right.start, slope: left.start * right.slope + left.slope * right.start)
  }

  package func excess(over other: Self) -> Self {
    guard isLinear, other.isLinear else { return .bent }
    if other.isNowhereBelow(self) { return 0 }
    guard isNowhereBelow(other) else { return .bent }
    return LinearCount(start.excess(over: other.start), slope: slope.excess(over: other.slope))
  }

  package func minimum(_ other: Self) -> Self {
    guard isLinear, other.isLinear else { return .bent }
    return other.isNowhereBelow(self) ? self : isNowhereBelow(other) ? other : .bent
  }

  package func divided(exactlyBy divisor: Self) -> Self {
    guard divisor.isConstant, let steps = steps(of: divisor.start) else { return .bent }
    return LinearCount(start.divided(exactlyBy: divisor.start), slope: steps, isLinear: isLinear)
  }

  /// ⌈(a + b·k) / d⌉ = ⌈a / d⌉ + (b / d)·k where d divides b.
  package func divided(roundingUpBy divisor: Self) -> Self {
    guard divisor.isConstant, let steps = steps(of: divisor.start) else { return .bent }
    return LinearCount(start.divided(roundingUpBy: divisor.start), slope: steps, isLinear: isLinear)
  }

  /// The slope over a divisor; nil where that is no whole number.
  private func steps(of divisor: Count) -> Count? {
    guard divisor.value > 0, slope.value.isMultiple(of: divisor.value) else { return nil }
    return Count(slope.value / divisor.value)
  }

  /// Rounding bends what grows.
  package func times(expected number: some ExpectedNumber, of count: Self, _ letter: Letter) -> Self {
    isConstant && count.isConstant ? LinearCount(start.times(expected: number, of: count.start, letter)) : .bent
  }

  package func bytes(_ format: ElementFormat) -> Self {
    // The fraction bits / 8 in lowest terms, so that whole bytes and halves meet no needless rounding.
    let bits = format.storage.bits
    let divisor: UInt64 = 8 >> UInt64(min(3, bits.trailingZeroBitCount))
    return (self * LinearCount(Count(bits * divisor / 8))).divided(roundingUpBy: LinearCount(Count(divisor)))
  }

  package func named(_ letter: Letter) -> Self { self }

  package var spelledOut: Self { self }

  /// At the first key; no formula of a row asks it.
  package func isAbove(_ other: Self) -> Bool { start > other.start }
}
