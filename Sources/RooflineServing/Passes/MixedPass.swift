/// What an engine puts into one pass: pieces of prompts, and sequences that get their next token.
package struct MixedPass: Hashable, Sendable {
  /// Equal pieces of prompts.
  package struct Chunk: Hashable, Sendable {
    /// How many prompts have such a piece in the pass.
    package var prompts: UInt64
    /// New tokens of each.
    package var tokens: UInt64
    /// Keys that are in each one's cache before the pass.
    package var cached: UInt64

    package init(prompts: UInt64 = 1, tokens: UInt64, cached: UInt64 = 0) {
      self.prompts = prompts
      self.tokens = tokens
      self.cached = cached
    }
  }

  package var chunks: [Chunk]
  /// Prompts whose last token is in the pass: each gets its first token by it.
  package var endingPrompts: UInt64
  /// Sequences that get a further token, or further ones.
  package var sequences: UInt64
  /// New tokens of each of them: one, and those that are drafted for it.
  package var queryTokens: UInt64
  /// Keys that these attend to, their new tokens included, added up over them.
  package var sequenceKeys: UInt64

  package init(
    chunks: [Chunk] = [], endingPrompts: UInt64 = 0, sequences: UInt64 = 0, sequenceKeys: UInt64 = 0,
    queryTokens: UInt64 = 1
  ) {
    self.queryTokens = queryTokens
    self.chunks = chunks
    self.endingPrompts = endingPrompts
    self.sequences = sequences
    self.sequenceKeys = sequenceKeys
  }

  /// Tokens of prompts, and of whatever else is computed as a prompt is.
  package var promptTokens: UInt64 { chunks.reduce(0) { $0 + $1.prompts * $1.tokens } }

  /// New tokens altogether.
  package var tokens: UInt64 { promptTokens + sequences * queryTokens }

  /// Tokens whose logits are wanted.
  package var headTokens: UInt64 { endingPrompts + sequences * queryTokens }

  /// Sequences that get a token.
  package var receivers: UInt64 { endingPrompts + sequences }

  /// Keys of a sequence, rounded to whole ones; 0 without sequences.
  package var meanKeys: UInt64 { sequences == 0 ? 0 : (sequenceKeys + sequences / 2) / sequences }

  /// Puts a piece of one prompt in, beside an equal one where there is one.
  package mutating func add(tokens: UInt64, cached: UInt64) {
    if let last = chunks.indices.last, chunks[last].tokens == tokens, chunks[last].cached == cached {
      chunks[last].prompts += 1
    } else {
      chunks.append(Chunk(tokens: tokens, cached: cached))
    }
  }

  package mutating func removeAll() {
    chunks.removeAll(keepingCapacity: true)
    (endingPrompts, sequences, sequenceKeys) = (0, 0, 0)
  }
}

extension MixedPass {
  /// The same pass if no prompt were in it.
  package var withoutPrompts: MixedPass {
    MixedPass(sequences: sequences, sequenceKeys: sequenceKeys, queryTokens: queryTokens)
  }
}
