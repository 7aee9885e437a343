import RooflineCore
import RooflineServing
import TestSupport
import XCTest

/// 2 ms a pass and 1 ms for each of its new tokens.
private struct PlainClock: PassClock {
  func seconds(_ pass: MixedPass) -> Double { 2e-3 + 1e-3 * Double(pass.tokens) }
}

/// Requests over time against schedules that were worked out by hand.
final class RequestLoopTests: XCTestCase {
  /// A byte a key.
  private static func room(_ capacity: UInt64) -> CacheRoom { CacheRoom(capacity: capacity) { $0 } }

  private func loop(_ scheduler: EngineScheduler, capacity: UInt64 = 1000, prefix: UInt64 = 0) -> RequestLoop<
    some PassClock
  > {
    RequestLoop(PlainClock(), scheduler: scheduler, room: RequestLoopTests.room(capacity), cachedPrefix: prefix)
  }

  private func requests(_ figures: [(arrival: Double, prompt: UInt64, generated: UInt64)]) -> [Request] {
    figures.map { Request(arrival: $0.arrival * 1e-3, prompt: $0.prompt, generated: $0.generated) }
  }

  private func milliseconds(_ figure: Double?) throws -> Double { try XCTUnwrap(figure) * 1e3 }

  /// Passes of 8 tokens, 3 sequences, 20 keys. A request reserves its prompt and all its tokens but the last:
  ///
  ///     a  at 0 ms, 6 tokens, gets 3:   8 keys      d  at  6 ms, 3 tokens, gets 1: 3 keys
  ///     b  at 0 ms, 10 tokens, gets 2: 11 keys      e  at 50 ms, 2 tokens, gets 2: 3 keys
  ///     c  at 5 ms, 4 tokens, gets 3:   6 keys
  ///
  ///     pass from  to   prompts            sequences   keys reserved
  ///      1     0   10   a 1–6, b 1–2       –           19    a's first token
  ///      2    10   20   b 3–9              a at 7      19    a's second
  ///      3    20   24   b 10               a at 8      19    a's last, b's first; c needs 6 keys, and 1 is free
  ///      4    24   34   c 1–4, d 1–3       b at 11     20    b's last, c's first, d's only
  ///      5    34   37                      c at 5       6    c's second
  ///      6    37   40                      c at 6       6    c's last
  ///      7    50   54   e 1–2              –            3    e's first
  ///      8    54   57                      e at 3       3    e's last
  func testFiveRequestsTakeThePassesThatWereWorkedOutByHand() throws {
    let five = requests([(0, 6, 3), (0, 10, 2), (5, 4, 3), (6, 3, 1), (50, 2, 2)])
    var passes: [[UInt64]] = []
    var times: [Double] = []
    let figures = try loop(EngineScheduler(maxBatchedTokens: 8, maxSequences: 3), capacity: 20).figures(
      of: .listed(five),
      watch: { pass, start, end, reserved in
        passes.append([pass.promptTokens, pass.endingPrompts, pass.sequences, pass.sequenceKeys, reserved])
        times += [start * 1e3, end * 1e3]
      })
    XCTAssertEqual(
      passes,
      [
        [8, 1, 0, 0, 19], [7, 0, 1, 7, 19], [1, 1, 1, 8, 19], [7, 2, 1, 11, 20], [0, 0, 1, 5, 6], [0, 0, 1, 6, 6],
        [2, 1, 0, 0, 3], [0, 0, 1, 3, 3],
      ])
    for (time, expected) in zip(times, [0, 10, 10, 20, 20, 24, 24, 34, 34, 37, 37, 40, 50, 54, 54, 57] as [Double]) {
      XCTAssertEqual(time, expected, accuracy: 1e-9)
    }
    // To the first token 10, 24, 29, 28, 4 ms, of which 0, 0, 19, 18, 0 until the first pass with tokens of the prompt.
    XCTAssertEqual(try milliseconds(figures.timeToFirstToken.mean), 19, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.timeToFirstToken[.median]), 24, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.timeToFirstToken[.p90]), 29, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.queueing.mean), 7.4, accuracy: 1e-9)
    XCTAssertNil(figures.ownPrompt)
    // 14/2, 10/1, 6/2, 3/1 ms.
    XCTAssertEqual(try milliseconds(figures.timePerOutputToken?.mean), 5.75, accuracy: 1e-9)
    // Gaps of 10, 4 (a), 10 (b), 3, 3 (c), 3 (e): each 3 ms without the prompts.
    XCTAssertEqual(try milliseconds(figures.betweenTokens?.mean), 5.5, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.betweenTokens?[.median]), 3, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.betweenTokens?[.p99]), 10, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.betweenTokensAlone), 3, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.othersPrompts), 2.5, accuracy: 1e-9)
    // 24, 34, 35, 28, 7 ms.
    XCTAssertEqual(try milliseconds(figures.endToEnd.mean), 25.6, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.window), 57, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.busy), 47, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.withPrompts), 38, accuracy: 1e-9)
    XCTAssertEqual(figures.meanSequences, 33.0 / 47, accuracy: 1e-9)
    XCTAssertEqual(
      [figures.generatedTokens, figures.promptTokens, figures.passes, figures.peakReserved], [11, 25, 8, 20])
  }

  /// Passes of 10 tokens; a: 6 tokens, gets 3; b: 10, gets 2; c at 5 ms: 4, gets 3.
  ///
  ///     pass from to   prompts   sequences
  ///      1    0   8    a                     b has 10 tokens, and 4 are left
  ///      2    8  20    b
  ///      3   20  26    c
  ///      4   26  31              a b c       b's last
  ///      5   31  35              a c
  func testWholePromptsComeFirst() throws {
    let figures = try loop(EngineScheduler(maxBatchedTokens: 10, maxSequences: 3, prompts: .first)).figures(
      of: .listed(requests([(0, 6, 3), (0, 10, 2), (5, 4, 3)])))
    // 8, 20, 21; 27/2, 11, 9/2; 35, 31, 30.
    XCTAssertEqual(try milliseconds(figures.timeToFirstToken.mean), 49.0 / 3, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.timePerOutputToken?.mean), 29.0 / 3, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.endToEnd.mean), 32, accuracy: 1e-9)
    // Gaps of 23, 4 (a), 11 (b), 5, 4 (c); the steps take 5, 4, 5, 5, 4.
    XCTAssertEqual(try milliseconds(figures.betweenTokens?.mean), 47.0 / 5, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.betweenTokensAlone), 23.0 / 5, accuracy: 1e-9)
  }

  /// The same with two sequences at once: c begins when a and b have ended.
  ///
  ///     0–8 a, 8–20 b, 20–24 both, 24–27 a; 27–33 c, 33–36, 36–39
  func testABatchBeginsAndEndsTogether() throws {
    let figures = try loop(EngineScheduler(maxBatchedTokens: 10, maxSequences: 2, prompts: .together)).figures(
      of: .listed(requests([(0, 6, 3), (0, 10, 2), (5, 4, 3)])))
    // 27, 24, 34; 8, 20, 28; queueing 0, 0, 22.
    XCTAssertEqual(try milliseconds(figures.endToEnd.mean), 85.0 / 3, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.timeToFirstToken.mean), 56.0 / 3, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.queueing.mean), 22.0 / 3, accuracy: 1e-9)
  }

  /// Two in flight, 4 tokens each, of which each gets 2; passes of 100 tokens: 0–10 both prompts, 10–14 both sequences, and so on.
  func testAClosedLoopStartsARequestWhenOneEnds() throws {
    let figures = try loop(EngineScheduler(maxBatchedTokens: 100, maxSequences: 9)).figures(
      of: .closed(2, requests: 10, prompt: 4, generated: 2))
    for percentile in Distribution.Percentile.allCases {
      XCTAssertEqual(figures.timeToFirstToken[percentile], 10e-3, accuracy: 1e-12)
      XCTAssertEqual(try milliseconds(figures.timePerOutputToken?[percentile]), 4, accuracy: 1e-9)
    }
    // 4 tokens in 14 ms; a prompt alone takes 6 ms, the other one's 4 tokens 4 ms more.
    XCTAssertEqual(figures.tokensPerSecond, 4 / 14e-3, accuracy: 1e-6)
    XCTAssertEqual(try milliseconds(figures.ownPrompt), 6, accuracy: 1e-9)
    XCTAssertEqual(try milliseconds(figures.othersInFirstToken), 4, accuracy: 1e-9)
    XCTAssertEqual(figures.queueing.mean, 0)
    // The first four requests warm up; ten more are counted, five rounds of 14 ms.
    XCTAssertEqual(try milliseconds(figures.window), 70, accuracy: 1e-9)
    XCTAssertEqual(figures.timeToFirstToken.count, 10)
  }

  /// Passes of 5 tokens, two prompts of 4 at once.
  func testALoopThatIsCountedFromItsBeginningHasTheFirstRequestsAtOnce() throws {
    var load = RequestLoad.closed(2, requests: 2, prompt: 4, generated: 2)
    load.warmUp = 0
    let rules = EngineScheduler(maxBatchedTokens: 5, maxSequences: 9)
    let begun = try loop(rules).figures(of: load)
    // 0–7: a's 4 tokens and 1 of b's; 7–13: a's second token and b's other 3.
    XCTAssertEqual(try milliseconds(begun.timeToFirstToken.mean), (7 + 13) / 2, accuracy: 1e-9)
    XCTAssertEqual(begun.timeToFirstToken.count, 2)
  }

  /// Keys of a prefix are in the cache: 5 + 3 + 2 − 1 = 9 of 17 for one request, so that the second waits.
  func testAPrefixIsAttendedToAndTakesMemory() throws {
    var keys: [UInt64] = []
    var reserved: [UInt64] = []
    _ = try loop(EngineScheduler(maxBatchedTokens: 100, maxSequences: 9), capacity: 17, prefix: 5).figures(
      of: .together(2, prompt: 3, generated: 2),
      watch: { pass, _, _, bytes in
        keys.append(pass.chunks.first.map { $0.cached } ?? pass.sequenceKeys)
        reserved.append(bytes)
      })
    XCTAssertEqual(keys, [5, 9, 5, 9])
    XCTAssertEqual(reserved, [9, 9, 9, 9])
  }

  func testARequestThatCanNeverBeginIsAnError() throws {
    let load = RequestLoad.together(1, prompt: 12, generated: 10)
    XCTAssertThrowsError(
      try loop(EngineScheduler(maxBatchedTokens: 8, maxSequences: 3), capacity: 20).figures(of: load)
    ) {
      XCTAssertTrue("\($0)".contains("a request of 21 keys needs 21 bytes of cache"), "\($0)")
    }
    XCTAssertThrowsError(
      try loop(EngineScheduler(maxBatchedTokens: 8, maxSequences: 3, prompts: .first)).figures(of: load)
    ) {
      XCTAssertTrue("\($0)".contains("a prompt of 12 tokens is above the 8 of a pass"), "\($0)")
    }
    let none = Request(arrival: 0, prompt: 3, generated: 0)
    XCTAssertThrowsError(try loop(EngineScheduler(maxBatchedTokens: 8, maxSequences: 3)).figures(of: .listed([none])))
  }

  /// Random requests under every policy: all prompts are read, all tokens are given, and no limit is passed.
  func testTokensInAreTokensOutAndNoLimitIsPassed() throws {
    var generator = SeededGenerator(seed: 7)
    for round in 0..<60 {
      let policy = EngineScheduler.PromptPolicy.allCases[round % 3]
      let seats = UInt64.random(in: 1...6, using: &generator)
      let budget = UInt64.random(in: 9...30, using: &generator)
      let capacity = UInt64.random(in: 30...60, using: &generator)
      var arrival = 0.0
      let load = (0..<40).map { _ in
        arrival += Double.random(in: 0...0.02, using: &generator)
        return Request(
          arrival: arrival, prompt: .random(in: 1...9, using: &generator),
          generated: .random(in: 1...20, using: &generator))
      }
      var (prompts, tokens, end) = (UInt64(0), UInt64(0), 0.0)
      let figures = try loop(
        EngineScheduler(maxBatchedTokens: budget, maxSequences: seats, prompts: policy), capacity: capacity
      ).figures(
        of: .listed(load),
        watch: { pass, start, finish, reserved in
          prompts += pass.promptTokens
          tokens += pass.receivers
          XCTAssertLessThanOrEqual(pass.tokens, budget)
          XCTAssertLessThanOrEqual(pass.chunks.reduce(pass.sequences) { $0 + $1.prompts }, seats)
          // A byte a key: what the pass reads and writes lies in the cache.
          let keys = pass.chunks.reduce(pass.sequenceKeys) { $0 + $1.prompts * ($1.cached + $1.tokens) }
          XCTAssertLessThanOrEqual(keys, reserved)
          XCTAssertLessThanOrEqual(reserved, capacity)
          XCTAssertGreaterThanOrEqual(start, end)
          end = finish
        })
      XCTAssertEqual(prompts, load.reduce(0) { $0 + $1.prompt })
      XCTAssertEqual(tokens, load.reduce(0) { $0 + $1.generated })
      XCTAssertEqual(figures.endToEnd.count, 40)
      XCTAssertEqual(figures.betweenTokens?.count, load.reduce(0) { $0 + $1.generated - 1 })
    }
  }

  func testASeedDecidesArrivalsAndNothingElseDoes() throws {
    func figures(_ seed: UInt64) throws -> LoadFigures {
      try loop(EngineScheduler(maxBatchedTokens: 64, maxSequences: 8)).figures(
        of: .open(perSecond: 20, seed: seed, requests: 4000, prompt: 5, generated: 4))
    }
    let first = try figures(1)
    XCTAssertEqual(first, try figures(1))
    XCTAssertNotEqual(first, try figures(2))
    // 4000 requests at 20 a second: 200 s, give or take 1/√4000.
    XCTAssertEqual(first.window, 200, accuracy: 10)
    XCTAssertEqual(first.generatedTokens, 16000, accuracy: 40)
    XCTAssertFalse(first.isQueueGrowing)
  }

  /// A request takes at least 5 + 4 tokens of 1 ms: at 200 a second they pile up.
  func testAQueueThatGrowsIsSaid() throws {
    let figures = try loop(EngineScheduler(maxBatchedTokens: 64, maxSequences: 8)).figures(
      of: .open(perSecond: 200, seed: 3, requests: 1000, prompt: 5, generated: 4))
    XCTAssertTrue(figures.isQueueGrowing)
  }

  func testAPassWithoutATimeIsAnError() {
    struct Broken: PassClock { func seconds(_ pass: MixedPass) -> Double { .nan } }
    let loop = RequestLoop(
      Broken(), scheduler: EngineScheduler(maxBatchedTokens: 8, maxSequences: 3), room: RequestLoopTests.room(99))
    XCTAssertThrowsError(try loop.figures(of: .together(2, prompt: 3, generated: 2))) {
      XCTAssertTrue("\($0)".contains("is unknown"), "\($0)")
    }
  }
}
