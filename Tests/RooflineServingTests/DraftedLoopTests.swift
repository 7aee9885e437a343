import RooflineDeployment
import RooflineServing
import TestSupport
import XCTest

/// 2 ms a pass and 1 ms for each of its new tokens.
private struct PlainClock: PassClock {
  func seconds(_ pass: MixedPass) -> Double { 2e-3 + 1e-3 * Double(pass.tokens) }
}

/// Requests whose steps verify drafts, and rooms of ranks, against schedules that were worked out by hand.
final class DraftedLoopTests: XCTestCase {
  private func loop(
    _ rules: EngineScheduler, room: CacheRoom, _ yield: DecodeYield = .one
  ) -> RequestLoop<some PassClock> {
    RequestLoop(PlainClock(), scheduler: rules, room: room, yield: yield)
  }

  /// Two drafts, 1.5 tokens kept: 1, 3, 4, 6 after 1, 2, 3, 4 steps. Passes of 10 tokens.
  ///
  /// a: prompt of 4, gets 6; b at 1 ms: prompt of 5, gets 3. A byte a key; 4 + 5 + 2 = 11 and 5 + 2 + 2 = 9 of them.
  ///
  ///     pass from to   prompts     sequences                   keys of a step
  ///      1     0   6   a 1–4       –                                    a's first
  ///      2     6  16   b 1–5       a: 3 tokens, 1 kept         7        b's first
  ///      3    16  24   –           a, b: 3 tokens each         8 + 8    a's 3rd and 4th, b's second
  ///      4    24  32   –           a, b                        10 + 9   a's 5th, b's third and last
  ///      5    32  37   –           a                           11       a's last: two would be kept, one is missing
  func testTwoRequestsKeepWhatWasWorkedOutByHand() throws {
    let requests = [
      Request(arrival: 0, prompt: 4, generated: 6), Request(arrival: 1e-3, prompt: 5, generated: 3),
    ]
    var passes: [[UInt64]] = []
    var ends: [Double] = []
    let figures = try loop(
      EngineScheduler(maxBatchedTokens: 10, maxSequences: 9), room: CacheRoom(capacity: 20) { $0 },
      DecodeYield(drafted: 2, perStep: 1.5)
    ).figures(
      of: .listed(requests),
      watch: { pass, _, end, reserved in
        passes.append([pass.promptTokens, pass.sequences, pass.sequenceKeys, reserved])
        ends.append((end * 1e3).rounded())
      })
    XCTAssertEqual(
      passes, [[4, 0, 0, 11], [5, 1, 7, 20], [0, 2, 16, 20], [0, 2, 19, 20], [0, 1, 11, 11]])
    XCTAssertEqual(ends, [6, 16, 24, 32, 37])
    XCTAssertEqual(figures.generatedTokens, 9)
    // a: 31 ms over five tokens; b: 16 over two.
    XCTAssertEqual(try XCTUnwrap(figures.timePerOutputToken).mean, (31e-3 / 5 + 16e-3 / 2) / 2, accuracy: 1e-12)
    // 10, 8, 0, 8, 5 and 8, 8: one gap a token, 0 between those of one step.
    XCTAssertEqual(try XCTUnwrap(figures.betweenTokens).count, 7)
    XCTAssertEqual(try XCTUnwrap(figures.betweenTokens).mean, 47e-3 / 7, accuracy: 1e-9)
  }

  /// Two ranks of 10 keys each, requests of 4 + 3 − 1 = 6: one on each, and the third waits although 8 keys are free together.
  func testARequestWaitsForRoomOnOneRank() throws {
    var sequences: [UInt64] = []
    _ = try loop(
      EngineScheduler(maxBatchedTokens: 100, maxSequences: 9), room: CacheRoom(capacity: 10, ranks: 2) { $0 }
    ).figures(
      of: .together(3, prompt: 4, generated: 3),
      watch: { pass, _, _, reserved in
        sequences.append(pass.requests)
        XCTAssertEqual(reserved, 6)
      })
    XCTAssertEqual(sequences, [2, 2, 2, 1, 1, 1])
  }

  /// Any requests, drafts, ranks and rules: all tokens are made once, and nothing holds more than there is.
  func testTokensInAreTokensOutAndMemoryIsNeverExceeded() throws {
    var generator = SeededGenerator(seed: 11)
    for round in 0..<60 {
      let drafted = UInt64.random(in: 0...3, using: &generator)
      let yield = DecodeYield(drafted: drafted, perStep: .random(in: 1...Double(drafted + 1), using: &generator))
      let ranks = UInt64.random(in: 1...3, using: &generator)
      let capacity = UInt64.random(in: 36...60, using: &generator)
      let policy = EngineScheduler.PromptPolicy.allCases[round % 3]
      let growth = BlockGrowth(blockTokens: .random(in: 1...4, using: &generator), freeShare: 0, reservedShare: 0)
      var arrival = 0.0
      let requests = (0..<40).map { _ in
        arrival += Double.random(in: 0...0.02, using: &generator)
        return Request(
          arrival: arrival, prompt: .random(in: 1...9, using: &generator),
          generated: .random(in: 1...20, using: &generator))
      }
      var endings: UInt64 = 0
      let figures = try loop(
        EngineScheduler(
          maxBatchedTokens: .random(in: 9...30, using: &generator), maxSequences: .random(in: 1...8, using: &generator),
          prompts: policy, cache: round % 2 == 0 ? .whole : .growing(growth)),
        room: CacheRoom(capacity: capacity, ranks: ranks) { $0 }, yield
      ).figures(
        of: .listed(requests),
        watch: { pass, _, _, reserved in
          endings += pass.endingPrompts
          XCTAssertLessThanOrEqual(reserved, capacity)
          let keys = pass.chunks.reduce(pass.sequenceKeys) { $0 + $1.prompts * ($1.cached + $1.tokens) }
          XCTAssertLessThanOrEqual(keys, reserved * ranks)
        })
      XCTAssertEqual(figures.generatedTokens, requests.reduce(0) { $0 + $1.generated })
      XCTAssertEqual(figures.promptTokens, requests.reduce(0) { $0 + $1.prompt })
      XCTAssertEqual(figures.endToEnd.count, 40)
      XCTAssertEqual(figures.betweenTokens?.count ?? 0, requests.reduce(0) { $0 + $1.generated - 1 })
      XCTAssertGreaterThanOrEqual(endings, 40)
    }
  }
}
