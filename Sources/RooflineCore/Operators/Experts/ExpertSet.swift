/// The routed experts whose matrices a device holds, and its share of the work.
public struct ExpertSet<Scalar: Term>: Hashable, Sendable {
  /// What a device has of what all ranks together do.
  public enum Share: Hashable, Sendable {
    case all
    /// One of so many equal parts.
    case part(of: Scalar)
    /// That of the rank with most to do.
    case busiest(Double)
  }

  /// Experts on this device, experts of all, and how many of them a token is sent to.
  public let held, all, chosen: Scalar
  /// Distinct experts on this device that the pass's tokens are expected to touch.
  public let expected: Double
  public let share: Share

  public init(held: Scalar, all: Scalar? = nil, chosen: Scalar, expected: Double, share: Share = .all) {
    self.held = held
    self.all = all ?? held
    self.chosen = chosen
    self.expected = expected
    self.share = share
  }

  /// Elements of what each expert has `elements` of, in the experts that are touched.
  func touched(_ elements: Scalar) -> Scalar { elements.times(expected: expected, .touchedExperts) }

  /// This device's part of what all ranks have.
  func own(_ amount: Scalar) -> Scalar {
    switch share {
    case .all: amount
    case .part(let ranks): amount.divided(roundingUpBy: ranks)
    case .busiest(let share): amount.times(expected: share, .busiestShare)
    }
  }
}
