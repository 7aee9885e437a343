/// How an engine puts requests into passes.
package struct EngineScheduler: Hashable, Sendable {
  /// New tokens of a pass at most, prompts' and sequences' together.
  package var maxBatchedTokens: UInt64
  /// Sequences of a pass at most.
  package var maxSequences: UInt64
  /// The share of the GPU's memory that weights, caches and activations may take.
  package var memoryShare: Double
  /// How prompts and sequences that have begun share passes.
  package var prompts: PromptPolicy

  package enum PromptPolicy: String, Hashable, Sendable, CaseIterable {
    /// A pass holds sequences that get their next token, and as many tokens of prompts as there is room for: prompts are cut.
    case chunked
    /// Whole prompts come first, in passes of their own; sequences wait meanwhile.
    case first
    /// A batch begins and ends together.
    case together
  }

  package init(
    maxBatchedTokens: UInt64, maxSequences: UInt64, memoryShare: Double = 0.9, prompts: PromptPolicy = .chunked
  ) {
    self.maxBatchedTokens = maxBatchedTokens
    self.maxSequences = maxSequences
    self.memoryShare = memoryShare
    self.prompts = prompts
  }
}
