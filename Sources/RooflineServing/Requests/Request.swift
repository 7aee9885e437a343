/// What a user asks a serving engine for.
package struct Request: Hashable, Sendable {
  /// When it comes, s.
  package var arrival: Double
  /// Tokens of its prompt, at least 1.
  package var prompt: UInt64
  /// Tokens that it gets, at least 1.
  package var generated: UInt64

  package init(arrival: Double, prompt: UInt64, generated: UInt64) {
    self.arrival = arrival
    self.prompt = prompt
    self.generated = generated
  }
}
