extension Count: Term {
  /// A literal's value.
  public init(integerLiteral value: UInt64) { self.init(value) }

  package static func input(_ letter: Letter, _ value: UInt64) -> Count { Count(value) }

  /// The sum; saturates.
  public static func + (left: Count, right: Count) -> Count {
    let (sum, overflow) = left.value.addingReportingOverflow(right.value)
    return Count(sum | mask(overflow))
  }

  /// The product; saturates.
  public static func * (left: Count, right: Count) -> Count {
    let (product, overflow) = left.value.multipliedReportingOverflow(by: right.value)
    return Count(product | mask(overflow))
  }

  /// All bits set where a condition holds, none where it does not.
  ///
  /// Without a branch: the compiler would write out what follows an overflow for each sum of a formula that may have one, which makes
  /// most of the engine's code and of the time to build it.
  @inline(__always)
  private static func mask(_ condition: Bool) -> UInt64 {
    0 &- UInt64(truncatingIfNeeded: unsafeBitCast(condition, to: UInt8.self))
  }

  /// A saturated value stays saturated: what is left of "too large" is not a number.
  package func excess(over other: Count) -> Count {
    let difference = (value &- other.value) & Count.mask(value > other.value)
    return Count(difference | Count.mask(value == .max))
  }

  package func minimum(_ other: Count) -> Count { value < other.value ? self : other }

  /// A saturated value stays saturated: half of "too large" is not a number.
  package func divided(exactlyBy divisor: Count) -> Count {
    value == .max || divisor.value == 0 ? Count(.max) : Count(value / divisor.value)
  }

  package func divided(roundingUpBy divisor: Count) -> Count {
    guard value != .max, divisor.value != 0 else { return Count(.max) }
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor.value)
    return Count(remainder == 0 ? quotient : quotient &+ 1)
  }

  /// Exact to the rounding as long as the product is below 2⁵³; saturates where it is no count.
  package func times(expected number: some ExpectedNumber, of count: Count, _ letter: Letter) -> Count {
    let product = (Double(value) * number.value(at: Double(count.value))).rounded()
    return Count(value == .max || count.value == .max || !(product < 0x1p63) ? .max : UInt64(max(product, 0)))
  }

  /// Whole-byte formats multiply. Of others, eight elements fill as many bytes as one has bits, and the rest of them the bytes
  /// that it touches: the intermediate never needs more than the 64 bits of `value`.
  package func bytes(_ format: ElementFormat) -> Count {
    let bits = format.storage.bits
    if format.storage.isWholeBytes { return self * Count(bits / 8) }
    guard value != .max else { return Count(.max) }
    let (eights, rest) = value.quotientAndRemainder(dividingBy: 8)
    return Count(eights) * Count(bits) + (Count(rest) * Count(bits)).divided(roundingUpBy: 8)
  }

  package func named(_ letter: Letter) -> Count { self }

  package var spelledOut: Count { self }

  package func isAbove(_ other: Count) -> Bool { self > other }
}
