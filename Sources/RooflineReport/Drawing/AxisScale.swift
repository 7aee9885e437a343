import RooflineCore

/// Values to pixels along one axis.
package struct AxisScale: Sendable {
  package enum Kind: Sendable { case linear, logarithmic }

  package let kind: Kind
  package let domain: ClosedRange<Double>
  /// Pixels of the domain's ends; a vertical axis runs from below.
  let start, end: Double

  init(_ kind: Kind, _ domain: ClosedRange<Double>, from start: Double, to end: Double) {
    self.kind = kind
    self.domain = domain
    self.start = start
    self.end = end
  }

  /// A value beyond the domain lies at its end.
  func place(_ value: Double) -> Double {
    let value = min(max(value, domain.lowerBound), domain.upperBound)
    let share =
      switch kind {
      case .linear: (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
      case .logarithmic:
        (Mathematics.decimalLogarithm(value) - Mathematics.decimalLogarithm(domain.lowerBound))
          / (Mathematics.decimalLogarithm(domain.upperBound) - Mathematics.decimalLogarithm(domain.lowerBound))
      }
    return start + share * (end - start)
  }

  /// Values that carry a number: decades, or multiples of 1, 2 or 5 of one.
  var ticks: [Double] {
    switch kind {
    case .logarithmic:
      return AxisScale.decades(domain).map { Mathematics.power(10, Double($0)) }.filter { domain.contains($0) }
    case .linear:
      let step = AxisScale.step(domain.upperBound - domain.lowerBound)
      let first = Int((domain.lowerBound / step).rounded(.up))
      let last = Int((domain.upperBound / step + 1e-9).rounded(.down))
      return first <= last ? (first...last).map { Double($0) * step } : []
    }
  }

  /// The exponents of the decades that a range touches, its ends' own included.
  static func decades(_ range: ClosedRange<Double>) -> ClosedRange<Int> {
    let low = Int((Mathematics.decimalLogarithm(range.lowerBound) + 1e-9).rounded(.down))
    return low...max(low + 1, Int((Mathematics.decimalLogarithm(range.upperBound) - 1e-9).rounded(.up)))
  }

  /// The decades around a range.
  static func snapped(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
    let decades = decades(range)
    return Mathematics.power(10, Double(decades.lowerBound))...Mathematics.power(10, Double(decades.upperBound))
  }

  /// 1, 2 or 5 times a power of ten: at least four steps in a length.
  private static func step(_ length: Double) -> Double {
    let raw = length / 5
    let decade = Mathematics.power(10, Mathematics.decimalLogarithm(raw).rounded(.down))
    return decade * (raw / decade < 2 ? 1 : raw / decade < 5 ? 2 : 5)
  }

  /// The least multiple of a step that is not below a value: the end of a linear axis that begins at 0.
  static func end(for value: Double) -> Double {
    guard value > 0, value.isFinite else { return 1 }
    let step = step(value)
    return (value / step - 1e-9).rounded(.up) * step
  }
}
