/// Sums of rounded fractions in a handful of steps, where a loop over tiles would take as long as the prompt.
package enum FloorSum {
  /// Σ over i in 0..<n of ⌊(a·i + b)/m⌋, for a, b ≥ 0 and m > 0: lattice points under a line, counted as Euclid's algorithm does.
  package static func sum(_ n: Int, _ m: Int, _ a: Int, _ b: Int) -> Double {
    var (n, m, a, b) = (n, m, a, b)
    var total = 0.0
    while n > 0 {
      total += Double(n) * Double(n - 1) / 2 * Double(a / m) + Double(n) * Double(b / m)
      a %= m
      b %= m
      let (high, overflow) = a.multipliedReportingOverflow(by: n)
      guard !overflow else { return .nan }
      let top = high + b
      guard top >= m else { break }
      n = top / m
      b = top % m
      (m, a) = (a, m)
    }
    return total
  }
}
