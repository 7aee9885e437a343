/// A number with a unit. Only the products and quotients that mean something are defined.
public protocol Quantity: Hashable, Comparable, Sendable {
  /// The number, in the unit of the type.
  var value: Double { get }
  /// A number in the unit of the type.
  init(_ value: Double)
}

extension Quantity {
  /// By value; none with NaN.
  public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
  /// The sum of two like quantities.
  public static func + (left: Self, right: Self) -> Self { Self(left.value + right.value) }
  /// So many times the quantity.
  public static func * (left: Self, right: Double) -> Self { Self(left.value * right) }
  /// The ratio of two like quantities has no unit.
  public static func / (left: Self, right: Self) -> Double { left.value / right.value }
}

/// Time, s.
public struct Seconds: Quantity {
  /// s.
  public let value: Double
  /// A time of so many seconds.
  public init(_ value: Double) { self.value = value }
}

/// Executed arithmetic, FLOP.
package struct FLOPs: Quantity {
  package let value: Double
  package init(_ value: Double) { self.value = value }
}

/// Data moved, bytes.
package struct Bytes: Quantity {
  package let value: Double
  package init(_ value: Double) { self.value = value }
}

/// A rate of arithmetic, FLOP/s.
public struct FLOPsPerSecond: Quantity {
  /// FLOP/s.
  public let value: Double
  /// A rate of so many FLOP/s.
  public init(_ value: Double) { self.value = value }
}

/// A rate of data, B/s.
package struct BytesPerSecond: Quantity {
  package let value: Double
  package init(_ value: Double) { self.value = value }
}

/// Arithmetic per byte of memory traffic, FLOP/B.
public struct ArithmeticIntensity: Quantity {
  /// FLOP/B.
  public let value: Double
  /// An intensity of so many FLOP/B.
  public init(_ value: Double) { self.value = value }
}

package func / (work: FLOPs, rate: FLOPsPerSecond) -> Seconds { Seconds(work.value / rate.value) }
package func / (work: Bytes, rate: BytesPerSecond) -> Seconds { Seconds(work.value / rate.value) }
package func / (work: FLOPs, traffic: Bytes) -> ArithmeticIntensity { ArithmeticIntensity(work.value / traffic.value) }
package func / (work: FLOPs, time: Seconds) -> FLOPsPerSecond { FLOPsPerSecond(work.value / time.value) }
package func / (rate: FLOPsPerSecond, bandwidth: BytesPerSecond) -> ArithmeticIntensity {
  ArithmeticIntensity(rate.value / bandwidth.value)
}
