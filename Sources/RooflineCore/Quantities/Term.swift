/// What a formula is written in.
///
/// Every FLOP and byte formula of the package is one generic function over this protocol. Read with `Count` it counts,
/// read with `Symbol` it prints itself; so a printed formula is the formula that computed the number, never a second text.
///
/// All values are natural numbers. Subtraction is only available in the clamped form `excess(over:)`.
package protocol Term: Natural {
  /// An input of the formula: a number that was given, under the letter that stands for it.
  static func input(_ letter: Letter, _ value: UInt64) -> Self

  /// max(0, self − other).
  func excess(over other: Self) -> Self
  func minimum(_ other: Self) -> Self

  /// self / divisor where the caller knows that it divides.
  func divided(exactlyBy divisor: Self) -> Self
  /// ⌈self / divisor⌉.
  func divided(roundingUpBy divisor: Self) -> Self

  /// `self` times an expected number, which need not be whole, rounded to the nearest: what as many experts hold as a batch is
  /// expected to touch.
  func times(expected number: some ExpectedNumber, of count: Self, _ letter: Letter) -> Self

  /// The bytes that `self` elements of a format occupy: ⌈elements × bits / 8⌉.
  func bytes(_ format: ElementFormat) -> Self

  /// The same value under a letter of its own, with `self` as its definition.
  func named(_ letter: Letter) -> Self

  /// The same without letters that belong to one row: in a formula over several rows they would be ambiguous.
  var spelledOut: Self { get }

  /// Whether the value is larger than another's.
  func isAbove(_ other: Self) -> Bool
}

extension Term {
  /// At most `other`, where there is such a limit.
  @inline(__always)
  func minimum(optional other: Self?) -> Self { other.map(minimum) ?? self }
}
