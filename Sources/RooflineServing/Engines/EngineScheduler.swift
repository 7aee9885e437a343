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
  /// Of the seats that requests in flight could take, so many stay empty at any time, since an ended request's is given on late: the
  /// next request waits until another one ends. Found in what engines do, and not in their documents.
  package var idleSeats: UInt64
  /// When a request has room in the memory.
  package var cache: CachePolicy

  package enum PromptPolicy: String, Hashable, Sendable, CaseIterable {
    /// A pass holds sequences that get their next token, and as many tokens of prompts as there is room for: prompts are cut.
    case chunked
    /// Whole prompts come first, in passes of their own; sequences wait meanwhile.
    case first
    /// A batch begins and ends together.
    case together
  }

  /// How many sequences run at once where so many requests are in flight.
  package func seats(inFlight: UInt64) -> UInt64 {
    let seats = min(maxSequences, inFlight)
    return seats > idleSeats ? seats - idleSeats : 1
  }

  package init(
    maxBatchedTokens: UInt64, maxSequences: UInt64, memoryShare: Double = 0.9, prompts: PromptPolicy = .chunked,
    idleSeats: UInt64 = 0, cache: CachePolicy = .whole
  ) {
    self.cache = cache
    self.idleSeats = idleSeats
    self.maxBatchedTokens = maxBatchedTokens
    self.maxSequences = maxSequences
    self.memoryShare = memoryShare
    self.prompts = prompts
  }
}
