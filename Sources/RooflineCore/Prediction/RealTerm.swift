/// What a time formula is written in: the counterpart of `Term` for rates and seconds.
package protocol RealTerm {
  static func + (left: Self, right: Self) -> Self
  static func * (left: Self, right: Self) -> Self
  static func / (left: Self, right: Self) -> Self
  static func largest(_ parts: Roofs<Self>) -> Self
}

extension Double: RealTerm {
  package static func largest(_ parts: Roofs<Double>) -> Double {
    max(max(parts.tensor, parts.vector), max(parts.special, parts.memory))
  }
}
