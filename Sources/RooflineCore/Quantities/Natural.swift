/// A natural number that can be added and multiplied: what counts are given in. `Count` is the one to read; formulas of the package
/// are written in numbers that can do more.
public protocol Natural: Hashable, Sendable, ExpressibleByIntegerLiteral where IntegerLiteralType == UInt64 {
  /// The sum.
  static func + (left: Self, right: Self) -> Self
  /// The product.
  static func * (left: Self, right: Self) -> Self
}
