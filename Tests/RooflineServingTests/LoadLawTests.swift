import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineServing
import TestSupport
import XCTest

/// Requests over passes of a real model: against `Generation`, and laws that hold whatever the numbers are.
final class LoadLawTests: XCTestCase {
  private static let unlimited = EngineScheduler(maxBatchedTokens: 1 << 40, maxSequences: 1 << 20)

  private func analysis(_ model: String = "llama-3.1-8b", batch: UInt64 = 1, prompt: UInt64 = 300) throws -> Analysis {
    let configuration = try Fixtures.catalog.model(model)
    return try Analysis(
      configuration: configuration, hardware: Fixtures.catalog.hardware("h100-sxm"),
      workload: Workload(
        batch: batch, prompt: prompt, context: prompt + 1, tensorParallel: 1, operatorSet: .fused,
        formats: configuration.formats), phases: Phase.allCases, options: RateOptions())
  }

  private func figures(
    _ load: RequestLoad, _ scheduler: EngineScheduler = LoadLawTests.unlimited, model: String = "llama-3.1-8b"
  ) throws -> LoadFigures {
    try RequestLoop(
      PassTimes(analysis(model)), scheduler: scheduler, room: CacheRoom(capacity: 1 << 60) { $0 }
    ).figures(of: load)
  }

  func testOneBatchInWholePassesIsAGeneration() throws {
    for (model, batch) in [("llama-3.1-8b", 1), ("llama-3.1-8b", 7), ("qwen3-30b-a3b", 3)] as [(String, UInt64)] {
      let generation = try Generation(analysis(model, batch: batch), tokens: 40)
      let load = try figures(.together(batch, prompt: 300, generated: 40), model: model)
      let first = try XCTUnwrap(generation.timeToFirstToken).value
      let step = try XCTUnwrap(generation.meanTimePerOutputToken).value
      let total = try XCTUnwrap(generation.totalTime).value
      XCTAssertEqual(load.timeToFirstToken.mean, first, accuracy: first * 1e-9)
      XCTAssertEqual(try XCTUnwrap(load.timePerOutputToken).mean, step, accuracy: step * 1e-9)
      XCTAssertEqual(load.endToEnd[.p99], total, accuracy: total * 1e-9)
      XCTAssertEqual(load.tokensPerSecond, Double(batch) * 40 / total, accuracy: 1e-6 / total)
    }
  }

  func testALoopOfOneIsABatchOfOne() throws {
    let rules = EngineScheduler(maxBatchedTokens: 128, maxSequences: 4)
    let alone = try figures(.together(1, prompt: 300, generated: 20), rules)
    let loop = try figures(.closed(1, requests: 5, prompt: 300, generated: 20), rules)
    XCTAssertEqual(loop.timeToFirstToken.mean, alone.timeToFirstToken.mean, accuracy: 1e-12)
    XCTAssertEqual(loop.endToEnd.mean, alone.endToEnd.mean, accuracy: 1e-12)
    XCTAssertEqual(loop.tokensPerSecond, alone.tokensPerSecond, accuracy: 1e-6)
    XCTAssertEqual(loop.othersInFirstToken ?? 1, 0, accuracy: 1e-12)
    XCTAssertEqual(loop.othersPrompts ?? 1, 0, accuracy: 1e-12)
  }

  /// Ideal times: a pass never gets shorter when it holds more.
  func testMoreLoadNeverLowersTheMeansOfTTFTAndTPOT() throws {
    for policy in EngineScheduler.PromptPolicy.allCases {
      let rules = EngineScheduler(maxBatchedTokens: 512, maxSequences: 1 << 20, prompts: policy)
      let loads: [(Double) -> RequestLoad] = [
        { .together(UInt64($0), prompt: 300, generated: 30) },
        { .closed(UInt64($0), requests: 6 * UInt64($0), prompt: 300, generated: 30) },
        { .open(perSecond: $0 / 8, seed: 5, requests: 300, prompt: 300, generated: 30) },
      ]
      for load in loads {
        var (first, step) = (0.0, 0.0)
        for size in [1, 2, 4, 8, 16, 32, 64] as [Double] {
          let figures = try figures(load(size), rules)
          let own = try XCTUnwrap(figures.timePerOutputToken).mean
          XCTAssertGreaterThanOrEqual(figures.timeToFirstToken.mean, first * (1 - 1e-9), "\(policy), \(load(size))")
          XCTAssertGreaterThanOrEqual(own, step * (1 - 1e-9), "\(policy), \(load(size))")
          (first, step) = (figures.timeToFirstToken.mean, own)
        }
      }
    }
  }

  /// 80 GB × 0.9 less 16 GB of weights: a sequence of 4,000 keys has 4,000 · 128 KiB, so that some 100 of them fit.
  func testShortMemoryMakesRequestsWaitInWaves() throws {
    let (configuration, gpu) = (try Fixtures.catalog.model("llama-3.1-8b"), try Fixtures.catalog.hardware("h100-sxm"))
    let capacity = try XCTUnwrap(gpu.memory?.capacity)
    let workload = try analysis().workload
    let rules = EngineScheduler(maxBatchedTokens: 8192, maxSequences: 512)
    let room = try CacheRoom(
      configuration, workload, hardware: gpu, capacity: capacity, scheduler: rules, prompt: 3000, inFlight: 300)
    // 32 layers × 2 × 8 heads × 128 × 2 bytes.
    XCTAssertEqual(room.bytes(4000), 4000 * 131_072)
    XCTAssertLessThan(room.capacity, UInt64(0.9 * Double(capacity)) - 16_060_522_496)
    let fitting = room.capacity / (3999 * 131_072)
    XCTAssertTrue((80...110).contains(fitting), "\(fitting)")
    var most: UInt64 = 0
    let load = try RequestLoop(PassTimes(analysis()), scheduler: rules, room: room).figures(
      of: .together(300, prompt: 3000, generated: 1000),
      watch: { pass, _, _, reserved in
        most = max(most, pass.chunks.reduce(pass.sequences) { $0 + $1.prompts })
        XCTAssertLessThanOrEqual(reserved, room.capacity)
      })
    XCTAssertEqual(most, fitting)
    // Three waves and more: the last requests wait for those before them.
    XCTAssertGreaterThan(load.queueing[.p99], 2 * load.timeToFirstToken[.median] / 3)
    XCTAssertThrowsError(
      try CacheRoom(
        Fixtures.catalog.model("llama-3.1-70b"), workload, hardware: gpu, capacity: capacity, scheduler: rules,
        prompt: 3000, inFlight: 300)
    ) { XCTAssertTrue("\($0)".contains("leaves no memory for caches"), "\($0)") }
  }
}
