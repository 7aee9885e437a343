import RooflineAnalysis
import RooflineCore
import RooflineServing
import RooflineTimeModels
import TestSupport
import XCTest

/// Times of passes from parts, against `Analysis`, which adds up whole passes row by row.
final class PassTimesTests: XCTestCase {
  private static let llama = "llama-3.1-8b"

  private func analysis(
    _ model: ModelConfiguration, _ hardware: HardwareSpec, batch: UInt64 = 1, prompt: UInt64 = 5, prefix: UInt64 = 0,
    context: UInt64 = 600_000, ranks: UInt64 = 1, stages: UInt64 = 1, operators: OperatorSet = .fused,
    by calibrated: CalibratedTime? = nil, engine: PassOverhead? = nil
  ) throws -> Analysis {
    var options = RateOptions()
    options.engine = engine
    var workload = Workload(
      batch: batch, prompt: prompt, context: context, tensorParallel: ranks, operatorSet: operators,
      formats: model.formats, parallelism: Parallelism(pipeline: stages))
    workload.cachedPrefix = prefix
    return try Analysis(
      configuration: model, hardware: hardware, workload: workload, phases: Phase.allCases, options: options,
      calibrated: calibrated)
  }

  private func seconds(_ analysis: Analysis, _ phase: Phase) throws -> Double {
    let pass = try XCTUnwrap(analysis.phases.first { $0.step.phase == phase })
    return try XCTUnwrap(analysis.schedule(of: pass).map { $0.time } ?? pass.time).value
  }

  private func times(_ model: ModelConfiguration? = nil, engine: PassOverhead? = nil) throws -> PassTimes {
    let gpu = try Fixtures.catalog.hardware("h100-sxm")
    return PassTimes(try analysis(model ?? Fixtures.catalog.model(PassTimesTests.llama), gpu, engine: engine))
  }

  /// Dense models and experts of the catalog; latent, sparse and compressed attention, recurrences beside attention, windows.
  private func models() throws -> [ModelConfiguration] {
    let own = try ["llama-3.1-8b", "mistral-7b", "mixtral-8x7b", "opt-6.7b", "qwen3-30b-a3b"].map {
      try Fixtures.catalog.model($0)
    }
    guard let shared = Fixtures.shared else { return own }
    let others = [
      "deepseek-ai--DeepSeek-V3", "deepseek-ai--DeepSeek-V3.2", "deepseek-ai--DeepSeek-V4-Flash",
      "Qwen--Qwen3.5-35B-A3B", "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "nvidia--Nemotron-H-56B-Base-8K",
      "google--gemma-4-26B-A4B", "meta-llama--Llama-4-Scout-17B-16E-Instruct", "MiniMaxAI--MiniMax-M3",
      "moonshotai--Kimi-K3", "stepfun-ai--Step-3.7-Flash",
    ]
    return own + (try others.map { try Fixtures.catalog.model("\(shared)/configs/\($0).json") })
  }

  /// Prefills of several lengths with and without a prefix, decode steps, one and several ranks.
  func testPassesOfOneKindAreThoseOfAnAnalysis() throws {
    let gpu = try Fixtures.catalog.hardware("h200-sxm")
    let set = try Fixtures.catalog.calibrations(for: gpu)
    for (index, model) in try models().enumerated() {
      let ranks = model.model.legalTensorParallelDegrees.last { $0 <= 8 } ?? 1
      let time = TimeRequest(set, options: CalibratedTime.Options()).time(of: model.model, formats: model.formats)
      for (ranks, calibrated) in [(1, index % 4 == 0 ? time : nil), (ranks, nil)] {
        let operators: OperatorSet = ranks == 1 || index % 2 == 0 ? .fused : .separate
        func own(_ batch: UInt64, _ prompt: UInt64, _ prefix: UInt64, _ context: UInt64) throws -> Analysis {
          try analysis(
            model, gpu, batch: batch, prompt: prompt, prefix: prefix, context: context, ranks: ranks,
            operators: operators, by: calibrated)
        }
        let times = PassTimes(try own(1, 5, 0, 6))
        for (batch, prompt, prefix) in [(1, 1, 40), (3, 513, 0), (2, 64, 1000)] as [(UInt64, UInt64, UInt64)] {
          let expected = try seconds(own(batch, prompt, prefix, 9999), .prefill)
          let found = try XCTUnwrap(times.prefill(batch: batch, tokens: prompt, cachedPrefix: prefix)).value
          XCTAssertEqual(found, expected, accuracy: expected * 1e-12, "\(model.name), prefill of \(batch) × \(prompt)")
        }
        for (batch, context) in [(1, 9), (17, 5000)] as [(UInt64, UInt64)] {
          let expected = try seconds(own(batch, 5, 0, context), .decode)
          let found = try XCTUnwrap(times.decode(batch: batch, context: context)).value
          XCTAssertEqual(found, expected, accuracy: expected * 1e-12, "\(model.name), decode of \(batch) at \(context)")
        }
      }
    }
  }

  func testRowsOverAllTokensAreFoundByTheirCounts() throws {
    let dense = try times().rows
    // The table of positions is read once a sequence.
    XCTAssertEqual(dense.names(.prompts), ["rotary", "attention"])
    XCTAssertEqual(dense.names(.sequences), ["rotary", "attention"])
    XCTAssertEqual(dense.names(.head), ["lm_head"])
    XCTAssertTrue(dense.names(.tokens).contains("qkv_proj"))
    for model in try models() {
      let rows = try times(model).rows
      XCTAssertTrue(rows.names(.head).contains("lm_head"), model.name)
      XCTAssertFalse(rows.names(.prompts).isEmpty, model.name)
      XCTAssertFalse(rows.names(.sequences).isEmpty, model.name)
      XCTAssertFalse((rows.names(.tokens) + rows.names(.head)).contains("attention"), model.name)
      // Whatever the mixer, most rows of a layer are products, norms and experts.
      XCTAssertGreaterThan(rows.names(.tokens).count, 4, model.name)
    }
  }

  /// A product over 1024 + 32 tokens reads its weights once; attention is that of each kind.
  func testAMixedPassIsShorterThanItsPartsAndLongerThanEither() throws {
    for model in try models() {
      let times = try times(model)
      let prompt = MixedPass(chunks: [MixedPass.Chunk(tokens: 1024)], endingPrompts: 1)
      let sequences = MixedPass(sequences: 32, sequenceKeys: 32 * 700)
      let both = MixedPass(
        chunks: prompt.chunks, endingPrompts: 1, sequences: 32, sequenceKeys: sequences.sequenceKeys)
      let (first, second) = (
        try XCTUnwrap(times.mixed(prompt)).value, try XCTUnwrap(times.mixed(sequences)).value
      )
      let whole = try XCTUnwrap(times.mixed(both)).value
      XCTAssertGreaterThan(whole, max(first, second), model.name)
      XCTAssertLessThan(whole, first + second, model.name)
    }
  }

  /// Llama 3.1 8B in bf16 on 3.35 TB/s, memory alone: a piece of a prompt that does not end has no logits.
  func testAPieceThatDoesNotEndHasNoHead() throws {
    let times = try times()
    let piece = MixedPass(chunks: [MixedPass.Chunk(tokens: 16)])
    var ending = piece
    ending.endingPrompts = 1
    let difference = try XCTUnwrap(times.mixed(ending)).value - XCTUnwrap(times.mixed(piece)).value
    // The matrix of 128256 × 4096, one row in, one row of logits out, 2 bytes each.
    XCTAssertEqual(difference, Double(2 * (128_256 * 4096 + 4096 + 128_256)) / 3.35e12, accuracy: 1e-12)
  }

  func testEqualPiecesAreOneCallOfTheirRows() throws {
    var pass = MixedPass()
    pass.add(tokens: 300, cached: 0)
    pass.add(tokens: 300, cached: 0)
    pass.add(tokens: 300, cached: 300)
    XCTAssertEqual(
      pass.chunks, [MixedPass.Chunk(prompts: 2, tokens: 300), MixedPass.Chunk(tokens: 300, cached: 300)])
    XCTAssertEqual(pass.tokens, 900)
  }

  /// 10 sequences of 32 layers: the engine's terms are added to the kernels'.
  func testAnEngineAddsItsTimePerPass() throws {
    let overhead = PassOverhead(perPass: 1e-3, perSequence: 2e-5, perKernel: 1e-6)
    let (bare, engined) = (try times(), try times(engine: overhead))
    let gpu = try Fixtures.catalog.hardware("h100-sxm")
    let step = try analysis(Fixtures.catalog.model(PassTimesTests.llama), gpu, batch: 10, context: 700)
    let kernels = try XCTUnwrap(step.phases.last).operators.reduce(0) { $0 + $1.occurrences.value }
    let added =
      try XCTUnwrap(engined.decode(batch: 10, context: 700)).value
      - XCTUnwrap(
        bare.decode(batch: 10, context: 700)
      ).value
    XCTAssertEqual(added, 1e-3 + 2e-4 + 1e-6 * Double(kernels), accuracy: 1e-9)
  }

  func testStagesOfAPipelineAreThoseOfAnAnalysis() throws {
    let (model, gpu) = (try Fixtures.catalog.model(PassTimesTests.llama), try Fixtures.catalog.hardware("h100-sxm"))
    let times = PassTimes(try analysis(model, gpu, stages: 2))
    let own = try analysis(model, gpu, batch: 6, prompt: 100, context: 700, stages: 2)
    XCTAssertEqual(
      try XCTUnwrap(times.prefill(batch: 6, tokens: 100)).value, try seconds(own, .prefill), accuracy: 1e-12)
    XCTAssertEqual(
      try XCTUnwrap(times.decode(batch: 6, context: 700)).value, try seconds(own, .decode), accuracy: 1e-12)
  }

  func testCountsThatDoNotFitHaveNoTime() throws {
    XCTAssertNil(try times().decode(batch: 1 << 40, context: 1 << 20))
  }
}
