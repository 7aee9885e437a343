/// What a decode step works on for a sequence, and what it gives it: one token, or drafted ones that it verifies.
///
/// A step over N + 1 tokens keeps X of them on average, which is stated and not computed. Tokens are whole: after k steps a sequence
/// has got ⌊k·X⌋, so that each step gives it ⌊X⌋ or ⌈X⌉ and any number of steps the stated mean to within a token.
package struct DecodeYield: Hashable, Sendable {
  /// N, tokens that are drafted for each step.
  package let drafted: UInt64
  /// X, from 1 to N + 1.
  package let perStep: Double

  /// A token a step.
  package static let one = DecodeYield(drafted: 0, perStep: 1)

  package init(drafted: UInt64, perStep: Double) {
    self.drafted = drafted
    self.perStep = min(max(perStep, 1), Double(drafted) + 1)
  }

  /// New tokens of a sequence in a step: N + 1.
  package var queryTokens: UInt64 { drafted + 1 }

  /// What a sequence has got after so many steps.
  package func tokens(after steps: UInt64) -> UInt64 {
    guard perStep != 1 else { return steps }
    let product = Double(steps) * perStep
    // A mean such as 1.1 has no exact binary form: ten steps of it are eleven tokens all the same.
    return UInt64((product + 1e-9 * max(1, product)).rounded(.down))
  }

  /// The fewest steps that give a sequence so many tokens.
  package func steps(for tokens: UInt64) -> UInt64 {
    guard perStep != 1 else { return tokens }
    var steps = UInt64((Double(tokens) / perStep).rounded(.down))
    while steps > 0, self.tokens(after: steps - 1) >= tokens { steps -= 1 }
    while self.tokens(after: steps) < tokens { steps += 1 }
    return steps
  }
}
