/// What users of an engine under a load see, and what the engine does meanwhile.
package struct LoadFigures: Hashable, Sendable {
  /// From a request's arrival to its first token, s.
  package let timeToFirstToken: Distribution
  /// Of it: from the arrival until the first pass with tokens of its prompt begins.
  package let queueing: Distribution
  /// What a prompt takes that is alone, s; nil where prompts differ.
  package let ownPrompt: Double?
  /// Of a request: from its first token to its last, over the tokens behind the first, s; nil where each gets one token.
  package let timePerOutputToken: Distribution?
  /// Between one token of a request and the next, s.
  package let betweenTokens: Distribution?
  /// The mean of what decode steps without prompts beside them would take, s.
  package let betweenTokensAlone: Double?
  /// Of the gaps between tokens: those in which a request was put off, and their seconds.
  let interruptedGaps: UInt64
  let interruptedSeconds: Double
  /// From a request's arrival to its last token, s.
  package let endToEnd: Distribution

  /// How long the window is in which the engine is watched: from the arrival of the first counted request to the end of the last, s.
  package let window: Double
  /// Tokens that requests got in it, and tokens of prompts, each counted once.
  package let generatedTokens, promptTokens: UInt64
  /// How often a request was put off to make room for others, and tokens that were computed again for it: work without output.
  package let putOffs, againTokens: UInt64
  package let passes: UInt64
  /// Seconds in passes, and in those that held tokens of prompts.
  package let busy, withPrompts: Double
  /// Sequences that got a further token in a pass, over the time of passes.
  package let meanSequences: Double
  /// The most bytes that were reserved for caches at once, and bytes there are.
  package let peakReserved, cacheCapacity: UInt64
  /// Of an open load: requests that waited when the middle one of the counted came, and when the last one came. A queue that grows is
  /// no steady state.
  package let waitingInTheMiddle, waitingAtTheEnd: UInt64
  /// Of the same moments: requests that had come and not ended.
  package let presentInTheMiddle, presentAtTheEnd: UInt64

  /// Of TTFT: what others' prompts and tokens add to the passes of a prompt; nil where prompts differ.
  package var othersInFirstToken: Double? { ownPrompt.map { timeToFirstToken.mean - queueing.mean - $0 } }

  /// Of the time between tokens: what waiting and being computed again adds for requests that were put off.
  package var interruptions: Double? {
    guard let betweenTokens, let betweenTokensAlone else { return nil }
    return (interruptedSeconds - Double(interruptedGaps) * betweenTokensAlone) / Double(betweenTokens.count)
  }

  /// Of the time between tokens: what others' prompts add.
  package var othersPrompts: Double? {
    guard let betweenTokens, let betweenTokensAlone, let interruptions else { return nil }
    return betweenTokens.mean - betweenTokensAlone - interruptions
  }

  /// Generated ones.
  package var tokensPerSecond: Double { window > 0 ? Double(generatedTokens) / window : 0 }

  /// Generated ones and those of prompts.
  package var allTokensPerSecond: Double {
    window > 0 ? (Double(generatedTokens) + Double(promptTokens)) / window : 0
  }

  /// Whether requests came faster than they ended: more of them waited, or were there, at the end than in the middle, by more than a
  /// twentieth of those that came between and by more than chance moves, twice the root of as many. While there are seats nobody waits,
  /// however many come. Times then depend on how many are counted, be it that a queue grows or that too few are counted for as many to
  /// end as come.
  package var isQueueGrowing: Bool {
    func grows(from middle: UInt64, to end: UInt64) -> Bool {
      let share = Double(endToEnd.count) / 40
      return Double(end) - Double(middle) > share + 2 * (Double(end) + Double(middle)).squareRoot()
    }
    return grows(from: presentInTheMiddle, to: presentAtTheEnd) || grows(from: waitingInTheMiddle, to: waitingAtTheEnd)
  }
}
