import RooflineCore
import RooflineServing
import TestSupport
import XCTest

/// 2 ms a pass and 1 ms for each of its new tokens.
private struct PlainClock: PassClock {
  func seconds(_ pass: MixedPass) -> Double { 2e-3 + 1e-3 * Double(pass.tokens) }
}

/// Requests that come by chance, at any rate.
final class ArrivalTests: XCTestCase {
  private func figures(
    _ load: RequestLoad, seats: UInt64 = 4, progress: ((UInt64, UInt64) -> Bool)? = nil
  ) throws -> LoadFigures {
    try RequestLoop(
      PlainClock(), scheduler: EngineScheduler(maxBatchedTokens: max(64, seats), maxSequences: seats),
      room: CacheRoom(capacity: 1_000_000) { $0 }
    ).figures(of: load, progress: progress)
  }

  /// A prompt of 8 tokens takes 10 ms, and each further token 3 ms, whether requests come once a minute or once in a human life.
  func testAClockThatRunsForYearsKeepsItsDigits() throws {
    for rate in [1e-2, 1e-5, 1e-7, 1e-9] {
      let figures = try figures(.open(perSecond: rate, seed: 3, requests: 40, prompt: 8, generated: 5))
      XCTAssertEqual(figures.timeToFirstToken.mean, 10e-3, accuracy: 1e-11, "\(rate)")
      XCTAssertEqual(figures.timeToFirstToken[.p99], 10e-3, accuracy: 1e-10, "\(rate)")
      XCTAssertEqual(try XCTUnwrap(figures.timePerOutputToken).mean, 3e-3, accuracy: 1e-11, "\(rate)")
      // 39 gaps of 1 / rate on average, of which any sum is within a few roots.
      XCTAssertEqual(figures.window * rate, 39, accuracy: 4 * 39.0.squareRoot(), "\(rate)")
      XCTAssertFalse(figures.isQueueGrowing)
    }
  }

  func testTheWatchSeesTimesThatGoOn() throws {
    var last = 0.0
    _ = try RequestLoop(
      PlainClock(), scheduler: EngineScheduler(maxBatchedTokens: 64, maxSequences: 4),
      room: CacheRoom(capacity: 1000) { $0 }
    ).figures(
      of: .listed([0, 1e6, 1e6 + 1, 5e6].map { Request(arrival: $0, prompt: 8, generated: 2) }),
      watch: { _, start, end, _ in
        XCTAssertGreaterThanOrEqual(start, last)
        last = end
      })
    XCTAssertEqual(last, 5e6 + 13e-3, accuracy: 1e-6)
  }

  /// Of requests that come all at once only as many are looked at as matter: the figures are those of a list of very many.
  func testAnyNumberMayComeInAPass() throws {
    let open = try figures(.open(perSecond: 1e12, seed: 1, requests: 100, prompt: 8, generated: 5))
    var listed = RequestLoad.listed(
      (0..<20_000).map { Request(arrival: $0 == 0 ? 0 : 1e-9, prompt: 8, generated: 5) })
    (listed.warmUp, listed.counted) = (10, 100)
    let all = try figures(listed)
    XCTAssertEqual(open.timeToFirstToken.mean, all.timeToFirstToken.mean, accuracy: 1e-6)
    XCTAssertEqual(open.endToEnd[.p99], all.endToEnd[.p99], accuracy: 1e-6)
    XCTAssertEqual(open.passes, all.passes)
    XCTAssertEqual(open.generatedTokens, all.generatedTokens)
    XCTAssertTrue(open.isQueueGrowing)
  }

  /// With seats for all nobody waits for longer than a pass, and still more come than end: a step of n sequences takes 2 + n ms, so that n of them get 200
  /// tokens each in 0.2·(2 + n) s, fewer than 5 a second.
  func testRequestsPileUpWithoutWaiting() throws {
    func load(_ rate: Double, _ requests: UInt64) -> RequestLoad {
      .open(perSecond: rate, seed: 5, requests: requests, prompt: 1, generated: 200)
    }
    for requests in [300, 3000] as [UInt64] {
      let over = try figures(load(20, requests), seats: 10_000)
      XCTAssertTrue(over.isQueueGrowing, "\(requests)")
      XCTAssertFalse(try figures(load(2, requests), seats: 10_000).isQueueGrowing, "\(requests)")
    }
  }

  func testARunThatIsToldToEndEnds() {
    var calls = 0
    XCTAssertThrowsError(
      try figures(.closed(4, requests: 1_000_000, prompt: 8, generated: 5)) { _, _ in
        calls += 1
        return calls < 3
      })
    XCTAssertEqual(calls, 3)
  }
}
