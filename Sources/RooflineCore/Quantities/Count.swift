/// An exact natural number that saturates instead of trapping.
///
/// The engine reports counts up to `Count.limit` (2⁶³ − 1); `Count` holds 64 bits, one more than it may report. Formulas divide
/// by 2 at most once (causal pairs, elements of 4 bits; narrower elements are themselves too many before their bytes are); a
/// collective's message is divided by the ranks and multiplied by at least half of them; gathered rows are stored undivided.
/// So an intermediate that saturates always ends in a reported count above the limit, and one that does not saturate is exact:
/// overflow is said exactly when a true value does not fit.
public struct Count: Hashable, Sendable, Comparable {
  /// The number: exact up to `limit`, and without meaning above.
  public var value: UInt64

  /// The count of a number.
  public init(_ value: UInt64) { self.value = value }

  /// The largest count that is reported: what every reader of the JSON holds in a signed 64-bit integer.
  public static let limit = UInt64(Int64.max)

  /// Whether the true value does not fit in 63 bits.
  public var isOverflow: Bool { value > UInt64(Int64.max) }

  /// By value; a count that has overflowed is above every one that has not.
  public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
