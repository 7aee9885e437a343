extension RequestScheduler {
  /// What the tokens of a pass are.
  struct Work {
    /// Tokens of prompts that no pass has held before, and tokens that one had held already.
    var promptTokens: UInt64 = 0
    var againTokens: UInt64 = 0
    /// Tokens that sequences get by a decode step.
    var decodedTokens: UInt64 = 0
    /// How many requests were put off before it, and those of them that had got a token.
    var putOffs: UInt64 = 0
    var interrupted: [Sequence] = []
  }
}
