import Foundation
import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineServing
import TestSupport
import XCTest

/// Requests over passes that stages of a pipeline, ranks with requests of their own, or drafted tokens divide or widen: against
/// `Generation`, and laws that hold whatever the numbers are.
final class DividedLoadTests: XCTestCase {
  private static let unlimited = EngineScheduler(maxBatchedTokens: 1 << 40, maxSequences: 1 << 20)
  private static let llama = "llama-3.1-8b"

  /// A small model with draft layers, of which a step may run several one after another.
  private static let drafting = """
    {"architectures": ["MiMoForCausalLM"], "model_type": "mimo", "hidden_size": 256, "intermediate_size": 512,
     "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 32, "vocab_size": 1000,
     "hidden_act": "silu", "attention_bias": true, "num_nextn_predict_layers": 1, "tie_word_embeddings": false,
     "torch_dtype": "bfloat16"}
    """

  private var folder: URL?

  override func tearDownWithError() throws {
    if let folder { try FileManager.default.removeItem(at: folder) }
    folder = nil
  }

  /// The path of `drafting`.
  private func draftingModel() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    self.folder = folder
    let file = folder.appendingPathComponent("config.json")
    try DividedLoadTests.drafting.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  private func analysis(
    _ model: String, batch: UInt64 = 1, prompt: UInt64 = 300, ranks: UInt64 = 1, _ parallelism: Parallelism,
    drafted: UInt64 = 0
  ) throws -> Analysis {
    let configuration = try Fixtures.catalog.model(model)
    var workload = Workload(
      batch: batch, prompt: prompt, context: prompt + 1 + drafted, tensorParallel: ranks, operatorSet: .fused,
      formats: configuration.formats, parallelism: parallelism)
    workload.drafted = drafted
    return try Analysis(
      configuration: configuration, hardware: Fixtures.catalog.hardware("h100-sxm"), workload: workload,
      phases: Phase.allCases, options: RateOptions())
  }

  private func speculation(_ analysis: Analysis, _ accepted: Double?) throws -> SpeculativeStep? {
    try accepted.map { try SpeculativeStep(analysis, accepted: $0) { _ in nil } }
  }

  private func figures(
    _ load: RequestLoad, _ analysis: Analysis, accepted: Double? = nil,
    _ scheduler: EngineScheduler = DividedLoadTests.unlimited
  ) throws -> LoadFigures {
    let step = try speculation(analysis, accepted)
    return try RequestLoop(
      PassTimes(analysis, speculation: step), scheduler: scheduler, room: CacheRoom(capacity: 1 << 60) { $0 },
      yield: step?.yield ?? .one
    ).figures(of: load)
  }

  private func assert(
    _ load: LoadFigures, isA generation: Generation, line: UInt = #line
  ) throws {
    let first = try XCTUnwrap(generation.timeToFirstToken).value
    let step = try XCTUnwrap(generation.meanTimePerOutputToken).value
    let total = try XCTUnwrap(generation.totalTime).value
    XCTAssertEqual(load.timeToFirstToken.mean, first, accuracy: first * 1e-9, line: line)
    XCTAssertEqual(try XCTUnwrap(load.timePerOutputToken).mean, step, accuracy: step * 1e-9, line: line)
    XCTAssertEqual(load.endToEnd[.p99], total, accuracy: total * 1e-9, line: line)
  }

  func testOneBatchThroughAPipelineIsAGeneration() throws {
    let cases: [(batch: UInt64, stages: UInt64, pieces: UInt64?)] = [
      (1, 4, nil), (6, 4, nil), (7, 4, nil), (16, 2, nil), (9, 4, 2), (12, 2, 8),
    ]
    for (batch, stages, pieces) in cases {
      let parallelism = Parallelism(pipeline: stages, microBatches: pieces)
      let own = try analysis(DividedLoadTests.llama, batch: batch, parallelism)
      try assert(
        figures(.together(batch, prompt: 300, generated: 20), own), isA: Generation(own, tokens: 20))
    }
  }

  /// Four ranks: batches that they divide evenly; a decode step of any batch, whose tokens are whole numbers a rank.
  func testABatchOfRanksWithTheirOwnRequestsIsAGeneration() throws {
    let parallelism = Parallelism(expert: 4, isAttentionDataParallel: true)
    for batch in [4, 12] as [UInt64] {
      let own = try analysis("qwen3-30b-a3b", batch: batch, ranks: 4, parallelism)
      try assert(figures(.together(batch, prompt: 300, generated: 20), own), isA: Generation(own, tokens: 20))
    }
    let single = try analysis("qwen3-30b-a3b", ranks: 4, parallelism)
    let (load, generation) = (
      try figures(.together(1, prompt: 300, generated: 20), single), try Generation(single, tokens: 20)
    )
    XCTAssertEqual(
      try XCTUnwrap(load.timePerOutputToken).mean, try XCTUnwrap(generation.meanTimePerOutputToken).value,
      accuracy: 1e-12)
    // The other three ranks have no prompt.
    XCTAssertLessThan(load.timeToFirstToken.mean, try XCTUnwrap(generation.timeToFirstToken).value)
    let dense = try analysis(DividedLoadTests.llama, batch: 1, ranks: 4, Parallelism(isAttentionDataParallel: true))
    try assert(figures(.together(1, prompt: 300, generated: 20), dense), isA: Generation(dense, tokens: 20))
  }

  func testABatchThatVerifiesDraftsIsAGeneration() throws {
    let model = try draftingModel()
    let cases: [(batch: UInt64, drafted: UInt64, accepted: Double, stages: UInt64)] = [
      (1, 2, 1.7, 1), (5, 3, 4, 1), (3, 1, 1, 1), (1, 2, 2.3, 2), (6, 2, 1.9, 4),
    ]
    for (batch, drafted, accepted, stages) in cases {
      let own = try analysis(model, batch: batch, Parallelism(pipeline: stages), drafted: drafted)
      let generation = try Generation(own, tokens: 30, speculation: speculation(own, accepted))
      let load = try figures(.together(batch, prompt: 300, generated: 30), own, accepted: accepted)
      try assert(load, isA: generation)
      XCTAssertEqual(load.generatedTokens, batch * 30)
      XCTAssertEqual(load.passes, UInt64(generation.steps.count) + 1)
      // As many gaps as tokens behind the first, those of no time included.
      XCTAssertEqual(load.betweenTokens?.count, batch * 29)
      XCTAssertEqual(
        try XCTUnwrap(load.betweenTokens).mean, try XCTUnwrap(load.timePerOutputToken).mean, accuracy: 1e-9)
    }
  }

  func testALoopOfOneIsABatchOfOne() throws {
    let rules = EngineScheduler(maxBatchedTokens: 128, maxSequences: 4)
    let runs: [(analysis: Analysis, accepted: Double?)] = [
      (try analysis(DividedLoadTests.llama, Parallelism(pipeline: 4)), nil),
      (try analysis("qwen3-30b-a3b", ranks: 4, Parallelism(expert: 4, isAttentionDataParallel: true)), nil),
      (try analysis(draftingModel(), Parallelism(pipeline: 2), drafted: 2), 1.7),
    ]
    for (own, accepted) in runs {
      let alone = try figures(.together(1, prompt: 300, generated: 20), own, accepted: accepted, rules)
      let loop = try figures(.closed(1, requests: 5, prompt: 300, generated: 20), own, accepted: accepted, rules)
      XCTAssertEqual(loop.timeToFirstToken.mean, alone.timeToFirstToken.mean, accuracy: 1e-12)
      XCTAssertEqual(loop.endToEnd.mean, alone.endToEnd.mean, accuracy: 1e-12)
      XCTAssertEqual(loop.tokensPerSecond, alone.tokensPerSecond, accuracy: 1e-6)
      XCTAssertEqual(loop.othersInFirstToken ?? 1, 0, accuracy: 1e-12)
      XCTAssertEqual(loop.othersPrompts ?? 1, 0, accuracy: 1e-12)
    }
  }

  /// Ideal times: a pass never gets shorter when it holds more.
  func testMoreLoadNeverLowersTheMeansOfTTFTAndTPOT() throws {
    let runs: [(analysis: Analysis, accepted: Double?)] = [
      (try analysis(DividedLoadTests.llama, Parallelism(pipeline: 4)), nil),
      (try analysis(DividedLoadTests.llama, Parallelism(pipeline: 2, microBatches: 3)), nil),
      (try analysis("qwen3-30b-a3b", ranks: 4, Parallelism(expert: 4, isAttentionDataParallel: true)), nil),
      (try analysis(draftingModel(), Parallelism(), drafted: 2), 1.7),
      (try analysis(draftingModel(), Parallelism(pipeline: 2), drafted: 2), 2.5),
    ]
    for (number, run) in runs.enumerated() {
      for policy in EngineScheduler.PromptPolicy.allCases {
        let rules = EngineScheduler(maxBatchedTokens: 512, maxSequences: 1 << 20, prompts: policy)
        let loads: [(UInt64) -> RequestLoad] = [
          { .together($0, prompt: 300, generated: 30) },
          { .closed($0, requests: 6 * $0, prompt: 300, generated: 30) },
        ]
        for load in loads {
          var (first, step) = (0.0, 0.0)
          for size in [1, 2, 4, 8, 16, 32, 64] as [UInt64] {
            let figures = try figures(load(size), run.analysis, accepted: run.accepted, rules)
            let own = try XCTUnwrap(figures.timePerOutputToken).mean
            XCTAssertGreaterThanOrEqual(
              figures.timeToFirstToken.mean, first * (1 - 1e-9), "\(number), \(policy), \(load(size))")
            XCTAssertGreaterThanOrEqual(own, step * (1 - 1e-9), "\(number), \(policy), \(load(size))")
            (first, step) = (figures.timeToFirstToken.mean, own)
          }
        }
      }
    }
  }

  /// A mixed pass of two stages on paper: 3 prompts and 5 sequences in two micro-batches, the fullest of which has 2 and 3 of them.
  func testAPassWithPromptsFillsThePipelineAndEmptiesIt() throws {
    let staged = PassTimes(try analysis(DividedLoadTests.llama, Parallelism(pipeline: 2)))
    let piece = MixedPass(
      chunks: [MixedPass.Chunk(prompts: 2, tokens: 64)], endingPrompts: 2, sequences: 3, sequenceKeys: 3 * 700)
    let whole = MixedPass(
      chunks: [MixedPass.Chunk(prompts: 3, tokens: 64)], endingPrompts: 3, sequences: 5, sequenceKeys: 5 * 700)
    // One device runs the layers of both stages; the link, 450 GB/s, carries 131 rows of 4096 elements twice: the stream and its norm.
    let alone = try XCTUnwrap(PassTimes(analysis(DividedLoadTests.llama, Parallelism())).mixed(piece)).value
    let transfer = Double(2 * 131 * 4096 * 2) / 450e9
    let single = try XCTUnwrap(staged.mixed(whole)).value
    // Between way + half of it, and way + all of it: the last stage has the head, too.
    XCTAssertGreaterThan(single, 1.5 * alone + transfer)
    XCTAssertLessThan(single, 2 * (alone + transfer))
    let decode = try XCTUnwrap(staged.mixed(whole.withoutPrompts)).value
    XCTAssertLessThan(decode, single)
  }
}
