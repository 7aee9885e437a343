import RooflineCore

/// How far measurements lie from predictions that were fitted without them, by predicted time.
package struct HeldOutErrors: Hashable, Sendable {
  /// Mean |predicted/measured − 1|, and mean of it with its sign.
  package var mape, bias: Double
  /// From short kernels to long ones.
  package var bins: [Bin]

  package init(mape: Double, bias: Double, bins: [Bin]) {
    self.mape = mape
    self.bias = bias
    self.bins = bins
  }

  /// Kernels predicted to take up to so long, s.
  package struct Bin: Hashable, Sendable {
    /// The last bin has no upper end.
    package var upTo: Double
    package var rows: Int
    /// ln(measured/predicted) at `HeldOutErrors.levels`.
    package var quantiles: [Double]

    package init(upTo: Double, rows: Int, quantiles: [Double]) {
      self.upTo = upTo
      self.rows = rows
      self.quantiles = quantiles
    }
  }

  /// The shares of measurements that lie below each quantile.
  package static let levels: [Double] = [0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995]

  /// What may be stated: errors up to 100 %, and measurements within a factor of e⁷ ≈ 1100 of what was predicted. Beyond them constants
  /// are those of other kernels, or the unit was another.
  package static let errors = 0.0...1.0
  package static let biases = -1.0...1.0
  package static let logarithms = -7.0...7.0

  /// Whether files may hold them: within the ranges above, with bins that rise and quantiles that do not fall.
  package var isPlausible: Bool {
    HeldOutErrors.errors.contains(mape) && HeldOutErrors.biases.contains(bias) && !bins.isEmpty
      && HeldOutErrors.isRising(bins.map(\.upTo))
      && bins.allSatisfy { bin in
        bin.quantiles.count == HeldOutErrors.levels.count && bin.rows > 0
          && bin.quantiles.allSatisfy(HeldOutErrors.logarithms.contains) && HeldOutErrors.isRising(bin.quantiles)
      }
  }

  /// Whether no value is below the one before it.
  static func isRising(_ values: [Double]) -> Bool { zip(values, values.dropFirst()).allSatisfy { $0 <= $1 } }

  /// The range in which a share of the measurements of such kernels lies: factors on the predicted time.
  ///
  /// - Parameter seconds: what was predicted.
  package func factors(at seconds: Double, share: Double) -> ClosedRange<Double> {
    guard let bin = bins.first(where: { seconds <= $0.upTo }) ?? bins.last else { return 1...1 }
    let low = bin.quantile(min((1 - share) / 2, 0.5))
    let high = bin.quantile(max((1 + share) / 2, 0.5))
    return Mathematics.exponential(low)...Mathematics.exponential(max(low, high))
  }
}

extension HeldOutErrors.Bin {
  /// Between two levels, in a straight line; beyond them, the outermost.
  func quantile(_ level: Double) -> Double {
    let levels = HeldOutErrors.levels
    guard let above = levels.firstIndex(where: { $0 >= level }) else { return quantiles.last ?? 0 }
    guard above > 0 else { return quantiles.first ?? 0 }
    let share = (level - levels[above - 1]) / (levels[above] - levels[above - 1])
    return quantiles[above - 1] + share * (quantiles[above] - quantiles[above - 1])
  }
}
