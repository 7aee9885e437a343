import RooflineTimeModels

/// A constant that stands at an end of its bounds, and why: there it says least about a kernel.
package struct ConstantAtBound: Hashable, Sendable {
  package enum Reason: String, Hashable, Sendable, CaseIterable {
    /// The prior has it there, too, and nothing moved it.
    case prior = "as in the prior"
    /// The rows do not depend on it.
    case untold = "the rows do not tell it"
    /// What it stands for does not show in the rows.
    case absent = "the rows show none of it"
    /// Predictions would be nearer to the rows beyond the bound.
    case less = "the rows ask for less"
    case more = "the rows ask for more"
  }

  package let key: String
  package let value: Double
  package let reason: Reason

  /// - Parameters:
  ///   - moved: the constants that a fit moved, and how far chance alone moves them, as shares of their values.
  ///   - prior: where the fit began; nil: at no prior.
  static func list(
    of constants: Calibration.Constants, moved: [(key: String, share: Double)], prior: Calibration.Constants?
  ) -> [ConstantAtBound] {
    let before = Set(prior?.atBounds ?? [])
    return constants.atBounds.map { bound in
      let own = moved.first { $0.key == bound.key }
      let reason: Reason
      if own == nil || before.contains(bound) {
        reason = .prior
      } else if (own?.share ?? .infinity) >= mostShare {
        reason = .untold
      } else {
        reason = bound.value == 0 ? .absent : bound.isLowest ? .less : .more
      }
      return ConstantAtBound(key: bound.key, value: bound.value, reason: reason)
    }
  }

  /// Where chance moves a constant by a factor of ten and more, it may be anything.
  private static let mostShare = 10.0
}
