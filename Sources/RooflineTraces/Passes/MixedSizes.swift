/// What an engine's mark says of a pass of prompts and sequences together, each part in the terms of the options that would say it.
package struct MixedSizes: Hashable, Sendable {
  package typealias Fact = TraceSizes.Fact

  /// Prompts of which pieces are in the pass; nil: none.
  package var prompts: Fact?
  /// New tokens of all pieces; nil where the mark does not say.
  package var tokens: Fact?
  /// Keys of a prompt that are in the cache before its piece; nil where the mark does not say.
  package var prefix: Fact?
  /// Sequences that get a token, or several; nil: none.
  package var sequences: Fact?
  /// New tokens of each of them, where that is more than one: drafted ones are verified.
  package var drafted: Fact?
  /// New tokens of all of them.
  package var sequenceTokens: UInt64 = 0
  /// Keys that each attends to, new ones included; nil where the mark does not say.
  package var context: Fact?
  /// What the mark leaves open; nil: nothing.
  package private(set) var untold: StepWork.Untold?

  /// nil of a pass of one kind.
  package init?(_ passes: TracePasses) {
    guard let work = passes.work, work.isMixed else { return nil }
    untold = work.untold
    if let part = work.prefill {
      prompts = Fact(part.sequences, Self.source)
      if let tokens = part.tokens, tokens >= part.sequences {
        self.tokens = Fact(tokens, Self.source)
        if let keys = part.keys, keys >= tokens { prefix = Self.mean(keys - tokens, part.sequences, "keys in front") }
      }
    }
    if let part = work.decode {
      sequences = Fact(part.sequences, Self.source)
      sequenceTokens = part.tokens ?? part.sequences
      if sequenceTokens > part.sequences { drafted = Self.mean(sequenceTokens, part.sequences, "tokens") }
      if let keys = part.keys, keys >= part.sequences { context = Self.mean(keys, part.sequences, "keys") }
    }
  }

  /// Of all sequences of a pass those that somebody says get a token each; the others are prompts.
  package mutating func divide(_ all: UInt64, sequences own: Fact) {
    untold = nil
    sequences = own
    sequenceTokens = own.value
    if all > own.value { prompts = Fact(all - own.value, "\(Self.source): \(all) less those") }
  }

  private static let source = "the engine's mark"

  private static func mean(_ all: UInt64, _ parts: UInt64, _ what: String) -> Fact {
    Fact(
      TraceSizes.share(all, parts, least: 0),
      all.isMultiple(of: max(parts, 1)) ? source : "\(source), mean of \(all) \(what)")
  }
}
