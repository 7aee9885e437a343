/// The routed experts whose matrices a device holds, and its share of the work.
package struct ExpertSet<Scalar: Term>: Hashable, Sendable {
  /// What a device has of what all ranks together do.
  package enum Share: Hashable, Sendable {
    case all
    /// One of so many equal parts.
    case part(of: Scalar)
    /// That of the rank with most to do.
    case busiest(Double)
  }

  /// Experts on this device, experts of all, and how many of them a token is sent to.
  package let held, all, chosen: Scalar
  /// Tokens that all ranks route together, and how many distinct experts on this device so many are expected to touch.
  package let tokens: Scalar
  package let touched: TouchedExperts
  package let share: Share

  package init(
    held: Scalar, all: Scalar? = nil, chosen: Scalar, tokens: Scalar, touched: TouchedExperts, share: Share = .all
  ) {
    self.held = held
    self.all = all ?? held
    self.chosen = chosen
    self.tokens = tokens
    self.touched = touched
    self.share = share
  }

  /// Elements of what each expert has `elements` of, in the experts that are touched.
  func touched(_ elements: Scalar) -> Scalar {
    elements.times(expected: touched, of: tokens, .touchedExperts)
  }

  /// This device's part of what all ranks have.
  func own(_ amount: Scalar) -> Scalar {
    switch share {
    case .all: amount
    case .part(let ranks): amount.divided(roundingUpBy: ranks)
    case .busiest(let share): amount.times(expected: share, .busiestShare)
    }
  }
}

extension ExpertSet {
  /// A set of which so many experts are touched, whatever the tokens.
  package init(held: Scalar, chosen: Scalar, expected: Double, most: Double? = nil) {
    self.init(held: held, chosen: chosen, tokens: 1, touched: .stated(expected, most: most))
  }
}

/// How many distinct experts of a device tokens are expected to touch.
package enum TouchedExperts: ExpectedNumber {
  /// With the pairs of the expert that has most; nil: as many as come about where each token chooses for itself.
  case stated(Double, most: Double? = nil)
  /// By a load of the whole layer's experts, of which the device has one of `ranks` parts.
  case load(ExpertLoad, experts: UInt64, chosen: UInt64, ranks: UInt64)

  package func value(at tokens: Double) -> Double {
    switch self {
    case .stated(let number, _): number
    case .load(let load, let experts, let chosen, let ranks):
      load.rank(experts, chosen: chosen, tokens: tokens, ranks: ranks).distinct
    }
  }

  /// Expected token–expert pairs of the expert that has most; nil: as many as come about where each token chooses for itself.
  package func mostPairs(at tokens: Double) -> Double? {
    switch self {
    case .stated(_, let most): most
    case .load(let load, let experts, let chosen, let ranks):
      load.mostPairs(experts, chosen: chosen, tokens: tokens, ranks: ranks)
    }
  }
}
