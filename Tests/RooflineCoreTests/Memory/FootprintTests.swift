import RooflineCore
import TestSupport
import XCTest

final class FootprintTests: XCTestCase {
  private func plan(
    _ model: String, tp: UInt64 = 1, batch: UInt64 = 1, prompt: UInt64 = 1, generated: UInt64 = 1,
    context: UInt64? = nil,
    operators: OperatorSet = .separate, parallelism: Parallelism = Parallelism(), dtype: DType? = nil
  ) throws -> FootprintPlan {
    let configuration = try Fixtures.catalog.model(model)
    let workload = Workload(
      batch: batch, prompt: prompt, context: prompt + 1, tensorParallel: tp, operatorSet: operators,
      formats: NumberFormats(dtype ?? configuration.dtype), parallelism: parallelism)
    return try FootprintPlan(configuration.model, workload, generated: generated, context: context)
  }

  private func footprint(_ plan: FootprintPlan, capacity: UInt64 = 40_000_000_000, reserve: UInt64 = 0) throws
    -> Footprint
  {
    try Footprint(plan, reserve: reserve, capacity: capacity)
  }

  /// Llama-2-70B, fp16, TP 8, batch 20, prompt 1024, 1024 tokens generated, by hand, bytes of one device:
  ///
  /// weights: a layer's q and o 1024·8192 each, k and v 128·8192 each, gate, up, down 3584·8192 each
  ///   = 8192·(2·1024 + 2·128 + 3·3584) = 8192·13 056 = 106,954,752 parameters, and two norms of 8192;
  ///   80 · 2 · (106,954,752 + 16,384) = 17,115,381,760; embedding and head 4000·8192·2 = 65,536,000 each; last norm 16,384
  ///   = 17,246,470,144.
  /// KV cache: 1024 + 1023 keys (the last token is not fed back): 2·80·20·2047·1·128·2 = 1,676,902,400.
  /// activations: at softmax in prefill, residual 20·1024·8192·2 = 335,544,320, scores and probabilities
  ///   20·8·1024·1024·2 = 335,544,320 each: 1,006,632,960.
  /// logits: 20·4000·2 + gathered 20·32000·2 = 1,440,000.
  func testWorkedFootprintOfLlama2_70B() throws {
    let result = try footprint(plan("llama-2-70b", tp: 8, batch: 20, prompt: 1024, generated: 1024))
    XCTAssertEqual(result.largest.weights, 17_246_470_144)
    XCTAssertEqual(result.largest.keyValueCache, 1_676_902_400)
    XCTAssertEqual(result.largest.activations, 1_006_632_960)
    XCTAssertEqual(result.largest.logits, 1_440_000)
    XCTAssertEqual(result.required, 19_931_445_504)
    XCTAssertEqual(result.peakRow, .softmax)
    XCTAssertEqual(result.total, 159_451_564_032)
    XCTAssertEqual(result.free, 20_068_554_496)
    XCTAssertEqual(result.largest.keyValueGrowthPerToken, 819_200)
  }

  /// KV bytes per token in the models' own 16-bit formats: 2·L·h_kv·d·2, from the published shapes.
  func testKeyValueBytesPerTokenOfEveryShippedModel() throws {
    let published: [String: UInt64] = [
      "llama-2-7b": 2 * 32 * 32 * 128 * 2, "llama-2-70b": 2 * 80 * 8 * 128 * 2, "llama-3.1-8b": 2 * 32 * 8 * 128 * 2,
      "llama-3.1-70b": 2 * 80 * 8 * 128 * 2, "llama-3.2-1b": 2 * 16 * 8 * 64 * 2, "qwen2-0.5b": 2 * 24 * 2 * 64 * 2,
      "qwen2-7b": 2 * 28 * 4 * 128 * 2, "qwen2.5-7b": 2 * 28 * 4 * 128 * 2, "mistral-7b": 2 * 32 * 8 * 128 * 2,
      "opt-6.7b": 2 * 32 * 32 * 128 * 2, "pythia-6.9b": 2 * 32 * 32 * 128 * 2, "mixtral-8x7b": 131_072,
      "qwen2-1.5b": 2 * 28 * 2 * 128 * 2, "qwen2-72b": 2 * 80 * 8 * 128 * 2, "qwen3-8b": 147_456, "qwen3-32b": 262_144,
      "qwen3-30b-a3b": 98_304, "llama-7b": 2 * 32 * 32 * 128 * 2, "llama-2-13b": 2 * 40 * 40 * 128 * 2,
      "llama-3-8b": 2 * 32 * 8 * 128 * 2, "llama-3-70b": 2 * 80 * 8 * 128 * 2, "llama-3.1-405b": 2 * 126 * 8 * 128 * 2,
      "qwen1.5-7b": 2 * 32 * 32 * 128 * 2, "mixtral-8x22b": 2 * 56 * 8 * 128 * 2, "opt-1.3b": 2 * 24 * 2048 * 2,
      "gpt2-large": 2 * 36 * 1280 * 2, "gpt3-2.7b": 2 * 32 * 2560 * 2, "gpt-350m": 2 * 24 * 1024 * 2,
      "gpt-1.3b": 2 * 24 * 2048 * 2, "gpt-6.7b": 2 * 32 * 4096 * 2, "gpt-20b": 2 * 44 * 6144 * 2,
      "gpt-89b": 2 * 48 * 12288 * 2, "gpt-175b": 2 * 96 * 12288 * 2,
    ]
    for name in Fixtures.catalog.modelNames {
      let expected = try XCTUnwrap(published[name], "\(name) has no published figure here")
      XCTAssertEqual(try footprint(plan(name)).largest.keyValueGrowthPerToken, Count(expected), name)
    }
  }

  /// At TP 1 the weights are the published parameters at two bytes each.
  func testWeightsAreTheParameters() throws {
    for (name, parameters) in [
      ("llama-2-7b", 6_738_415_616), ("llama-3.2-1b", 1_235_814_400), ("qwen2-7b", 7_615_616_512),
      ("qwen2-0.5b", 494_032_768), ("mistral-7b", 7_248_023_552),
    ] as [(String, UInt64)] {
      XCTAssertEqual(try footprint(plan(name)).largest.weights, Count(2 * parameters), name)
    }
  }

  /// What t devices hold together is the model, its replicated norms t times, its KV heads as often as ranks hold them, and
  /// the vocabulary's padding.
  func testShardsAddUp() throws {
    let whole = try footprint(plan("llama-2-70b")).largest.weights.value
    let norms: UInt64 = (2 * 80 + 1) * 8192 * 2
    for t in [2, 4, 8] as [UInt64] {
      XCTAssertEqual(try footprint(plan("llama-2-70b", tp: t)).largest.weights.value * t, whole + (t - 1) * norms)
    }
    // 16 ranks hold 8 KV heads twice: k and v once more, 80·2·1024·8192·2.
    let replicated: UInt64 = 80 * 2 * 1024 * 8192 * 2
    XCTAssertEqual(
      try footprint(plan("llama-2-70b", tp: 16)).largest.weights.value * 16, whole + 15 * norms + replicated)
  }

  /// The stages of a pipeline hold the model once; a tied table is held at both ends.
  func testStagesHoldTheModelOnce() throws {
    let whole = try footprint(plan("llama-2-70b", batch: 4)).largest
    for stages in [2, 4, 5] as [UInt64] {
      let result = try footprint(plan("llama-2-70b", batch: 4, parallelism: Parallelism(pipeline: stages)))
      let weights = result.devices.reduce(UInt64(0)) { $0 + $1.memory.weights.value * $1.count.value }
      let cache = result.devices.reduce(UInt64(0)) { $0 + $1.memory.keyValueCache.value * $1.count.value }
      XCTAssertEqual(weights, whole.weights.value)
      XCTAssertEqual(cache, whole.keyValueCache.value)
    }
    let tied = try footprint(plan("llama-3.2-1b", batch: 4, parallelism: Parallelism(pipeline: 2)))
    let held = tied.devices.reduce(UInt64(0)) { $0 + $1.memory.weights.value * $1.count.value }
    XCTAssertEqual(held, 2 * (1_235_814_400 + 128_256 * 2048))
  }

  /// The largest batch and the longest context fit; one more does not.
  func testLimitsAreTight() throws {
    for operators in OperatorSet.allCases {
      let base = try plan("llama-2-70b", tp: 8, batch: 20, prompt: 1024, generated: 256, operators: operators)
      let result = try footprint(base)
      var changed = base
      let batch = try XCTUnwrap(result.largestBatch)
      changed.workload.batch = batch
      XCTAssertTrue(try footprint(changed).fits)
      changed.workload.batch = batch + 1
      XCTAssertFalse(try footprint(changed).fits)
      let context = try XCTUnwrap(result.longestContext)
      func fits(_ context: UInt64) throws -> Bool {
        try footprint(plan("llama-2-70b", tp: 8, batch: 20, prompt: 1024, context: context, operators: operators)).fits
      }
      XCTAssertTrue(try fits(context))
      XCTAssertFalse(try fits(context + 1))
    }
  }

  func testWhatDoesNotFitMissesByTheDifference() throws {
    let result = try footprint(plan("llama-2-70b", tp: 8, batch: 20, prompt: 1024), capacity: 15_000_000_000)
    XCTAssertFalse(result.fits)
    XCTAssertEqual(result.missing, result.required.value - 15_000_000_000)
    XCTAssertNil(result.largestBatch, "the weights alone are larger")
    XCTAssertNil(result.longestContext)
  }

  func testAReserveIsKeptFree() throws {
    let base = try plan("llama-2-70b", tp: 8, batch: 20, prompt: 1024)
    XCTAssertEqual(
      try footprint(base, reserve: 2_000_000_000).required.value, try footprint(base).required.value + 2_000_000_000)
  }

  func testFootprintGrowsWithEveryDimension() throws {
    func required(_ batch: UInt64, _ prompt: UInt64, _ generated: UInt64) throws -> Count {
      try footprint(plan("qwen2-7b", tp: 2, batch: batch, prompt: prompt, generated: generated)).required
    }
    let base = try required(3, 100, 10)
    XCTAssertLessThan(base, try required(4, 100, 10))
    XCTAssertLessThan(base, try required(3, 101, 10))
    XCTAssertLessThan(base, try required(3, 100, 11))
  }

  /// Alive at a row, by hand, for one token of a model of width 64, 4 heads of 16, one KV head, MLP 96, fp16.
  /// Liveness is a bit an activation.
  func testEveryActivationHasABitInASet() {
    XCTAssertLessThanOrEqual(ActivationTensor.allCases.count, 128)
    XCTAssertEqual(ActivationTensor.allCases.map { Int($0.rawValue) }, Array(ActivationTensor.allCases.indices))
  }

  func testActivationPeaksOfATinyModel() {
    let model = DecoderModel(
      hiddenSize: 64, intermediateSize: 96, numHiddenLayers: 2, numAttentionHeads: 4, numKeyValueHeads: 1, headDim: 16,
      vocabSize: 10)
    let workload = Workload(
      batch: 1, prompt: 1, context: 1, tensorParallel: 1, operatorSet: .separate, formats: NumberFormats(.fp16))
    let peak = ActivationPeak<Count>(model, DecoderStep(.decode, workload))
    // At up_proj: residual 128, normalized 128, gate 192, up 192; at mlp_silu_dot: residual 128, gate, up and product 576.
    XCTAssertEqual(peak.row, .mlpSiluDot)
    XCTAssertEqual(peak.bytes, 128 + 3 * 192)
    let fused = Workload(
      batch: 1, prompt: 1, context: 1, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(.fp16))
    let fusedPeak = ActivationPeak<Count>(model, DecoderStep(.decode, fused))
    // At mlp_silu_dot: residual 128, gate and up as one tensor 384, product 192.
    XCTAssertEqual(fusedPeak.bytes, 128 + 384 + 192)
  }

  /// What a gather makes is B·T·H elements of at least 16 bits, however narrow the projection that reads it.
  func testAGatheredTensorIsAsWideAsItsMessage() throws {
    let model = DecoderModel(
      hiddenSize: 100, intermediateSize: 21, numHiddenLayers: 2, numAttentionHeads: 6, numKeyValueHeads: 3, headDim: 33,
      vocabSize: 10)
    let workload = Workload(
      batch: 7, prompt: 2, context: 2, tensorParallel: 3, operatorSet: .fused,
      formats: NumberFormats(weight: .bf16, activation: .fp8, keyValueCache: .bf16, model: .bf16),
      parallelism: Parallelism(isSequenceParallel: true))
    let peak = ActivationPeak<Count>(model, DecoderStep(.prefill, workload))
    // At qkv_proj: residual shard ⌈14/3⌉·100·2, gathered 14·100·2, q k v 14·(2 + 2·1)·33·2.
    XCTAssertEqual(peak.bytes, Count(1000 + 2800 + 3696))
  }

  func testFootprintsBeyond63BitsAreSaid() throws {
    XCTAssertThrowsError(try footprint(plan("llama-2-70b", batch: 1 << 40, prompt: 1 << 40)))
  }
}
