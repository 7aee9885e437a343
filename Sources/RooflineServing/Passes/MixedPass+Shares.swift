extension MixedPass {
  /// The fullest of so many shares of the pass, among which its requests are dealt out: what stands for all of them where they run at
  /// once, or one after another, and are timed as equal ones.
  ///
  /// Of equal pieces of prompts each share has as many; what is left over goes, longest pieces first, to the share with fewest tokens.
  /// Of n sequences the fullest has ⌈n / count⌉, at their mean number of keys. Requests are not divided.
  ///
  /// - Parameter count: of shares, at least 1.
  package func fullestShare(of count: UInt64) -> MixedPass {
    guard count > 1 else { return self }
    var shares = [MixedPass](repeating: MixedPass(queryTokens: queryTokens), count: Int(min(count, requests)))
    for chunk in chunks.sorted(by: { ($0.tokens, $0.cached) > ($1.tokens, $1.cached) }) {
      let all = chunk.prompts / count
      if all > 0 {
        for index in shares.indices {
          shares[index].chunks.append(Chunk(prompts: all, tokens: chunk.tokens, cached: chunk.cached))
        }
      }
      for _ in 0..<(chunk.prompts - all * count) {
        guard let emptiest = shares.indices.min(by: { shares[$0].promptTokens < shares[$1].promptTokens }) else {
          break
        }
        shares[emptiest].add(tokens: chunk.tokens, cached: chunk.cached)
      }
    }
    var fullest = shares.max { $0.promptTokens < $1.promptTokens } ?? self
    let prompts = fullest.chunks.reduce(0) { $0 + $1.prompts }
    fullest.endingPrompts = min(prompts, MixedPass.share(endingPrompts, count))
    fullest.sequences = MixedPass.share(sequences, count)
    fullest.sequenceKeys = fullest.sequences * meanKeys
    return fullest
  }

  /// Prompts with a piece in the pass, and sequences.
  package var requests: UInt64 { chunks.reduce(sequences) { $0 + $1.prompts } }

  private static func share(_ number: UInt64, _ count: UInt64) -> UInt64 {
    number / count + (number.isMultiple(of: count) ? 0 : 1)
  }
}
