/// The derivatives of a function of many numbers by central differences: what a gradient's loop must come to, whatever it does.
enum NumericalGradient {
  private static let step = 1e-5

  static func of(_ function: ([Double]) -> Double, at point: [Double]) -> [Double] {
    point.indices.map { index in
      var (below, above) = (point, point)
      below[index] -= step
      above[index] += step
      return (function(above) - function(below)) / (2 * step)
    }
  }

  /// Larger than the differences' error, smaller than any mistake.
  static let accuracy = 1e-7
}
