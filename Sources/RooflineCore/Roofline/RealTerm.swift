/// What a time formula is written in: the counterpart of `Term` for rates and seconds.
package protocol RealTerm {
  static func + (left: Self, right: Self) -> Self
  static func * (left: Self, right: Self) -> Self
  static func / (left: Self, right: Self) -> Self
  static func largest(_ parts: Roofs<Self>) -> Self
  static func larger(_ left: Self, _ right: Self) -> Self
}

extension Double: RealTerm {
  package static func largest(_ parts: Roofs<Double>) -> Double {
    max(max(parts.tensor, parts.vector), max(parts.special, parts.memory))
  }

  /// NaN where either is: a time that is unknown is never overruled.
  package static func larger(_ left: Double, _ right: Double) -> Double {
    left.isNaN || right.isNaN ? .nan : max(left, right)
  }
}
