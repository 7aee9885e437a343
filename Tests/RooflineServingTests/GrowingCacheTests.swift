import RooflineCore
import RooflineServing
import TestSupport
import XCTest

/// 2 ms a pass and 1 ms for each of its new tokens.
private struct PlainClock: PassClock {
  func seconds(_ pass: MixedPass) -> Double { 2e-3 + 1e-3 * Double(pass.tokens) }
}

/// Requests that begin when their prompts have room, and are put off and computed again where memory ends. A byte a key.
final class GrowingCacheTests: XCTestCase {
  private func rules(
    _ growth: BlockGrowth, tokens: UInt64 = 8, sequences: UInt64 = 3, _ prompts: EngineScheduler.PromptPolicy = .chunked
  ) -> EngineScheduler {
    EngineScheduler(maxBatchedTokens: tokens, maxSequences: sequences, prompts: prompts, cache: .growing(growth))
  }

  private func loop(_ rules: EngineScheduler, capacity: UInt64) -> RequestLoop<some PassClock> {
    RequestLoop(PlainClock(), scheduler: rules, room: CacheRoom(capacity: capacity) { $0 })
  }

  private func milliseconds(_ figure: Double?) throws -> Double { try XCTUnwrap(figure) * 1e3 }

  /// Passes of 8 tokens, 4 blocks of 4 keys. a at 0 ms: 6 tokens, gets 6; b at 0 ms: 3, gets 8; c at 5 ms: 4, gets 2.
  ///
  ///     pass from to   prompts          sequences    held
  ///      1     0  10   a 1–6, b 1–2     –            12    a has 2 blocks, b 1
  ///      2    10  18   b 3, c 1–4       a at 7       16    the first tokens of b and c
  ///      3    18  22   –                a, b at 8, 4 12    c needs a block for key 5: put off with one token
  ///      4    22  25   –                a at 9       12    a takes the last block; b needs one for key 5: put off with two
  ///      5    25  28   –                a at 10      12    b, which waits first, has 5 tokens: 2 blocks, and one is free
  ///      6    28  31   –                a at 11      12    a's last
  ///      7    31  41   b 1–5, c 1–3     –            16    4 and 3 of them again; b's third
  ///      8    41  46   c 4–5            b at 6       16    c's last
  ///      9    46  49   –                b at 7        8
  ///     10    49  52   –                b at 8        8
  ///     11    52  55   –                b at 9       12    a third block
  ///     12    55  58   –                b at 10      12    b's last
  func testThreeRequestsArePutOffAsWasWorkedOutByHand() throws {
    let requests = [
      Request(arrival: 0, prompt: 6, generated: 6), Request(arrival: 0, prompt: 3, generated: 8),
      Request(arrival: 5e-3, prompt: 4, generated: 2),
    ]
    var passes: [[UInt64]] = []
    var ends: [Double] = []
    let figures = try loop(rules(BlockGrowth(blockTokens: 4, freeShare: 0, reservedShare: 0)), capacity: 16).figures(
      of: .listed(requests),
      watch: { pass, _, end, reserved in
        passes.append([pass.promptTokens, pass.endingPrompts, pass.sequences, pass.sequenceKeys, reserved])
        ends.append((end * 1e3).rounded())
      })
    XCTAssertEqual(
      passes,
      [
        [8, 1, 0, 0, 12], [5, 2, 1, 7, 16], [0, 0, 2, 12, 12], [0, 0, 1, 9, 12], [0, 0, 1, 10, 12], [0, 0, 1, 11, 12],
        [8, 1, 0, 0, 16], [2, 1, 1, 6, 16], [0, 0, 1, 7, 8], [0, 0, 1, 8, 8], [0, 0, 1, 9, 12], [0, 0, 1, 10, 12],
      ])
    XCTAssertEqual(ends, [10, 18, 22, 25, 28, 31, 41, 46, 49, 52, 55, 58])
    XCTAssertEqual(
      [figures.putOffs, figures.againTokens, figures.promptTokens, figures.generatedTokens, figures.peakReserved],
      [2, 8, 13, 16, 16])
    // 10, 18, 13 ms; 31, 58, 41; 21/5, 40/7, 28.
    XCTAssertEqual(try milliseconds(figures.timeToFirstToken.mean), 41.0 / 3, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.endToEnd.mean), 130.0 / 3, accuracy: 1e-9)
    let perToken = [4.2, 40.0 / 7, 28]
    XCTAssertEqual(try milliseconds(figures.timePerOutputToken?.mean), perToken.reduce(0, +) / 3, accuracy: 1e-9)
    // Gaps of a: 8, 4, 3, 3, 3; b: 4, 19, 5, 3, 3, 3, 3; c: 28. Those of 19 and 28 hold a pause; the steps of the others take
    // 3, 4, 3, 3, 3 and 4, 3, 3, 3, 3, 3 alone.
    XCTAssertEqual(figures.betweenTokens?.count, 13)
    XCTAssertEqual(try milliseconds(figures.betweenTokens?.mean), 89.0 / 13, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.betweenTokens?[.p99]), 28, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.betweenTokensAlone), 35.0 / 11, accuracy: 1e-9)
    let pauses = 47 - 2 * 35.0 / 11
    XCTAssertEqual(try milliseconds(figures.interruptions), pauses / 13, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.othersPrompts), 7.0 / 13, accuracy: 1e-9)
  }

  /// Room for 10 keys. Two prompts of 4 that get 4 each: with a tenth of it free, or half of the 3 keys to come of each reserved, the
  /// second one waits; with less it begins at once.
  func testAShareHasToStayFreeWhereARequestBegins() throws {
    func queueing(_ freeShare: Double, _ reservedShare: Double) throws -> Double {
      let growth = BlockGrowth(blockTokens: 1, freeShare: freeShare, reservedShare: reservedShare)
      return try loop(rules(growth), capacity: 10).figures(of: .together(2, prompt: 4, generated: 4)).queueing[.p99]
    }
    XCTAssertEqual(try queueing(0.2, 0), 0)
    XCTAssertGreaterThan(try queueing(0.21, 0), 0)
    XCTAssertEqual(try queueing(0, 0.33), 0)
    XCTAssertGreaterThan(try queueing(0, 0.34), 0)
  }

  /// What is computed again may be longer than any prompt, and than a pass: 5 tokens and up to 14 that were generated, 8 a pass.
  func testWhatIsComputedAgainIsCutWherePromptsAreNot() throws {
    for policy in EngineScheduler.PromptPolicy.allCases {
      var longest: UInt64 = 0
      let growth = BlockGrowth(blockTokens: 1, freeShare: 0, reservedShare: 0)
      let figures = try loop(rules(growth, policy), capacity: 20).figures(
        of: .together(2, prompt: 5, generated: 15),
        watch: { pass, _, _, _ in longest = max(longest, pass.chunks.reduce(0) { max($0, $1.cached + $1.tokens) }) })
      XCTAssertGreaterThan(figures.putOffs, 0, "\(policy)")
      XCTAssertGreaterThan(longest, 8, "\(policy)")
    }
  }

  /// Random requests, policies and limits: each token is given once, what is done twice is counted as such, and no pass has more in
  /// memory than there is.
  func testTokensAreKeptAndMemoryIsNeverPassed() throws {
    var generator = SeededGenerator(seed: 11)
    var putOffs: UInt64 = 0
    for round in 0..<120 {
      let policy = EngineScheduler.PromptPolicy.allCases[round % 3]
      let seats = UInt64.random(in: 1...6, using: &generator)
      let budget = UInt64.random(in: 9...30, using: &generator)
      let capacity = UInt64.random(in: 36...70, using: &generator)
      let growth = BlockGrowth(
        blockTokens: .random(in: 1...8, using: &generator), freeShare: .random(in: 0...0.3, using: &generator),
        reservedShare: round % 4 == 0 ? 1 : .random(in: 0...0.5, using: &generator))
      var arrival = 0.0
      let load = (0..<40).map { _ -> Request in
        arrival += Double.random(in: 0...0.02, using: &generator)
        return Request(
          arrival: arrival, prompt: .random(in: 1...9, using: &generator),
          generated: .random(in: 1...20, using: &generator))
      }
      var (worked, tokens, end) = (UInt64(0), UInt64(0), 0.0)
      let rules = rules(growth, tokens: budget, sequences: seats, policy)
      let figures = try loop(rules, capacity: capacity).figures(
        of: .listed(load),
        watch: { pass, start, finish, reserved in
          worked += pass.tokens
          tokens += pass.receivers
          XCTAssertLessThanOrEqual(pass.tokens, budget)
          XCTAssertLessThanOrEqual(pass.chunks.reduce(pass.sequences) { $0 + $1.prompts }, seats)
          let keys = pass.chunks.reduce(pass.sequenceKeys) { $0 + $1.prompts * ($1.cached + $1.tokens) }
          XCTAssertLessThanOrEqual(keys, reserved)
          XCTAssertLessThanOrEqual(reserved, capacity)
          XCTAssertGreaterThanOrEqual(start, end)
          end = finish
        })
      XCTAssertEqual(tokens, load.reduce(0) { $0 + $1.generated })
      XCTAssertEqual(figures.generatedTokens, tokens)
      XCTAssertEqual(figures.promptTokens, load.reduce(0) { $0 + $1.prompt })
      let once: UInt64 = load.reduce(0) { (sum: UInt64, request: Request) in
        sum + request.prompt + request.generated - 1
      }
      XCTAssertEqual(worked, once + figures.againTokens)
      XCTAssertEqual(figures.endToEnd.count, 40)
      XCTAssertEqual(figures.betweenTokens?.count, load.reduce(0) { $0 + $1.generated - 1 })
      // Where all that is to come has room, nobody is ever put off.
      if growth.reservedShare == 1 { XCTAssertEqual(figures.putOffs, 0) }
      XCTAssertEqual(figures.putOffs == 0, figures.againTokens == 0)
      putOffs += figures.putOffs
      XCTAssertEqual(figures, try loop(rules, capacity: capacity).figures(of: .listed(load)))
    }
    XCTAssertGreaterThan(putOffs, 100)
  }

  func testWithRoomForAllBothRulesGiveTheSame() throws {
    let load = RequestLoad.closed(6, requests: 60, prompt: 7, generated: 11)
    for policy in EngineScheduler.PromptPolicy.allCases {
      let growing = rules(
        BlockGrowth(blockTokens: 1, freeShare: 0.1, reservedShare: 0), tokens: 16, sequences: 9, policy)
      var whole = growing
      whole.cache = .whole
      let (left, right) = (
        try loop(growing, capacity: 1000).figures(of: load), try loop(whole, capacity: 1000).figures(of: load)
      )
      XCTAssertEqual(left.timeToFirstToken, right.timeToFirstToken)
      XCTAssertEqual(left.betweenTokens, right.betweenTokens)
      XCTAssertEqual(left.endToEnd, right.endToEnd)
      XCTAssertEqual(left.putOffs, 0)
      XCTAssertLessThanOrEqual(left.peakReserved, right.peakReserved)
    }
  }
}
