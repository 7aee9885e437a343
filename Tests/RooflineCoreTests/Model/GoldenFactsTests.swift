import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// The golden facts of the counting contract that concern inference, typed from there.
final class GoldenFactsTests: XCTestCase {
  private func analysis(
    _ model: String, hardware: String = "a100-sxm4-40gb", batch: UInt64, prompt: UInt64 = 1024, context: UInt64 = 1025,
    tensorParallel: UInt64 = 1, operators: OperatorSet = .separate, options: RateOptions = RateOptions()
  ) throws -> [Phase: PhaseAnalysis] {
    let analysis = try Analysis(
      configuration: Fixtures.catalog.model(model), hardware: Fixtures.catalog.hardware(hardware),
      workload: Workload(
        batch: batch, prompt: prompt, context: context, tensorParallel: tensorParallel, operatorSet: operators,
        formats: NumberFormats(.fp16)),
      phases: Phase.allCases, options: options)
    return Dictionary(uniqueKeysWithValues: analysis.phases.map { ($0.step.phase, $0) })
  }

  private func row(_ name: OperatorName, in phase: PhaseAnalysis?) throws -> RowPrediction {
    try XCTUnwrap(phase?.operators.first { $0.name == name }, name.rawValue)
  }

  // MARK: Llama-2-70B on an A100

  // counting.md, Golden facts 1: m=16, n=8192, k=1024.
  func testDecodeOutputProjectionIsMemoryBoundOnA100() throws {
    var options = RateOptions()
    options.bandwidth = 1.5e12
    let decode = try analysis("llama-2-70b", batch: 16, tensorParallel: 8, options: options)[.decode]
    let projection = try row(.oProj, in: decode)
    XCTAssertEqual(try XCTUnwrap(projection.cost.arithmeticIntensity).value, 15.7236, accuracy: 0.00005)
    XCTAssertEqual(try XCTUnwrap(projection.time).value * 1e6, 11.3814, accuracy: 0.00005)
    XCTAssertEqual(projection.bound, .memory)

    let kernel = try KernelAnalysis(
      KernelArguments(kind: "gemm", values: ["m": "16", "n": "8192", "k": "1024"]), formats: NumberFormats(.fp16),
      hardware: Fixtures.catalog.hardware("a100-sxm4-40gb"), options: options)
    XCTAssertEqual(kernel.prediction.cost, projection.cost)
    XCTAssertEqual(kernel.prediction.time, projection.time)
  }

  // counting.md, Golden facts 1: 312 TFLOP/s over 2 TB/s.
  func testRidgeOfA100AtTwoTerabytesASecond() throws {
    var hardware = try Fixtures.catalog.hardware("a100-sxm4-80gb")
    hardware.memory?.bandwidth = 2e12
    XCTAssertEqual(try XCTUnwrap(hardware.ridge(.fp16)).value, 156)
  }

  // counting.md, Golden facts 2: one device of TP 8, batch 20, prompt 1024; layers and lm_head.
  func testPrefillTensorFLOPs() throws {
    let cases: [(operators: OperatorSet, flops: UInt64)] = [
      (.separate, 357_342_589_747_200), (.fused, 353_909_971_353_600),
    ]
    for (operators, flops) in cases {
      let phases = try analysis("llama-2-70b", batch: 20, tensorParallel: 8, operators: operators)
      let prefill = try XCTUnwrap(phases[.prefill])
      XCTAssertEqual(prefill.model.cost.flops.tensor.value, flops, operators.rawValue)
    }
  }

  // counting.md, Golden facts 2.
  func testPrefillKeyProjectionIsMemoryBound() throws {
    let projection = try row(.kProj, in: analysis("llama-2-70b", batch: 20, tensorParallel: 8)[.prefill])
    XCTAssertEqual(try XCTUnwrap(projection.cost.arithmeticIntensity).value, 125.26, accuracy: 0.005)
    XCTAssertEqual(projection.bound, .memory)
  }

  // counting.md, Golden facts 2: at the A100-SXM4-40GB's 1555 GB/s.
  func testDecodeQueryProjection() throws {
    let projection = try row(.qProj, in: analysis("llama-2-70b", batch: 20, tensorParallel: 8)[.decode])
    XCTAssertEqual(projection.cost.traffic.total.value, 17_145_856)
    let performance = try XCTUnwrap(projection.cost.attainablePerformance(in: projection.time, below: nil))
    XCTAssertEqual(performance.value / 1e12, 30.43, accuracy: 0.005)
  }

  // MARK: GEMMs in blocks, and without overlap

  // counting.md, Golden facts 3. The sums by hand: 2MN + MK⌈N/BN⌉ + KN⌈M/BM⌉ words,
  // 2⌈M/BM⌉BM·⌈N/BN⌉BN·K FLOPs.
  func testBlockedGEMM() {
    let cases: [(m: UInt64, n: UInt64, k: UInt64, block: (UInt64, UInt64), words: UInt64, flops: UInt64)] = [
      (5, 7, 3, (2, 4), 70 + 15 * 2 + 21 * 3, 2 * 6 * 8 * 3),
      (6, 8, 3, (2, 4), 96 + 18 * 2 + 24 * 3, 2 * 6 * 8 * 3),
      (5, 7, 3, (1, 1), 70 + 15 * 7 + 21 * 5, 2 * 5 * 7 * 3),
      (16, 8192, 1024, (128, 128), 262_144 + 1_048_576 + 8_388_608, 2_147_483_648),
    ]
    for (m, n, k, block, words, flops) in cases {
      let gemm = GEMM(m: Count(m), n: Count(n), k: Count(k), formats: NumberFormats(.fp16))
      let blocked = BlockedGEMM(gemm, blockM: block.0, blockN: block.1)
      XCTAssertEqual(blocked.trafficWords.value, words, "\(m)×\(n)×\(k) by \(block)")
      XCTAssertEqual(blocked.trafficBytes.value, 2 * words, "\(m)×\(n)×\(k) by \(block)")
      XCTAssertEqual(blocked.paddedFLOPs.value, flops, "\(m)×\(n)×\(k) by \(block)")
    }
  }

  // counting.md, Golden facts 3: f·t_f·(1 + (t_m/t_f)/CI), for the output projection of fact 1.
  // f·t_f = 268,435,456 / 312 TFLOP/s = 0.86037 µs, (t_m/t_f)/CI = 208 / 15.7236 = 13.22852.
  func testTimeWithoutOverlap() throws {
    var options = RateOptions()
    options.bandwidth = 1.5e12
    options.overlap = .sum
    let decode = try analysis("llama-2-70b", batch: 16, tensorParallel: 8, options: options)[.decode]
    let time = try XCTUnwrap(row(.oProj, in: decode).time).value
    XCTAssertEqual(time * 1e6, 0.86037 * (1 + 13.22852), accuracy: 0.0002)
  }

  // MARK: models

  // counting.md, Golden facts 5.
  func testParameterCountsOfShippedModels() throws {
    let parameters: [String: UInt64] = [
      "llama-2-7b": 6_738_415_616, "llama-2-70b": 68_976_648_192, "llama-3.1-8b": 8_030_261_248,
      "llama-3.1-70b": 70_553_706_496, "llama-3.2-1b": 1_235_814_400, "qwen2-0.5b": 494_032_768,
      "qwen2-7b": 7_615_616_512, "qwen2.5-7b": 7_615_616_512, "mistral-7b": 7_248_023_552,
      "opt-6.7b": 6_658_473_984, "pythia-6.9b": 6_857_302_016, "mixtral-8x7b": 46_702_792_704,
      "qwen2-1.5b": 1_543_714_304, "qwen2-72b": 72_706_203_648, "qwen3-8b": 8_190_735_360, "qwen3-32b": 32_762_123_264,
      "qwen3-30b-a3b": 30_532_122_624, "llama-7b": 6_738_415_616, "llama-2-13b": 13_015_864_320,
      "llama-3-8b": 8_030_261_248, "llama-3-70b": 70_553_706_496, "llama-3.1-405b": 405_853_388_800,
      "qwen1.5-7b": 7_721_324_544, "mixtral-8x22b": 140_620_634_112, "opt-1.3b": 1_315_758_080,
      "gpt2-large": 774_030_080,
      // By hand, V·H + P·H + L·(12·H² + 13·H) + 2·H, from the sizes that GPT-3's paper and FasterTransformer's guide print.
      "gpt3-2.7b": 2_651_553_280, "gpt-350m": 356_837_376, "gpt-1.3b": 1_317_654_528, "gpt-6.7b": 6_662_266_880,
      "gpt-20b": 20_262_014_976, "gpt-89b": 87_635_091_456, "gpt-175b": 174_615_846_912,
    ]
    XCTAssertEqual(Fixtures.catalog.modelNames, parameters.keys.sorted(), "a shipped model without a published count")
    for (name, count) in parameters {
      let model = try Fixtures.catalog.model(name).model
      XCTAssertEqual(ParameterShape<Count>(model).count.value, count, name)
    }
  }

  // counting.md, Golden facts 5: files as published, of the architectures that are read.
  func testParameterCountsOfPublishedFiles() throws {
    guard let shared = Fixtures.shared else {
      if Fixtures.isCI { XCTFail("../shared is missing") }
      throw XCTSkip("../shared is missing")
    }
    let parameters: [String: UInt64] = [
      "llama-2-7b-hf": 6_738_415_616, "meta-llama--Meta-Llama-3.1-8B": 8_030_261_248,
      "meta-llama--Meta-Llama-3.1-405B": 405_853_388_800, "qwen2.5-7b-instruct": 7_615_616_512,
      "mistral-nemo-instruct-2407": 12_247_782_400, "codellama-34b-instruct-hf": 33_743_970_304,
    ]
    for (name, count) in parameters {
      let model = try Fixtures.catalog.model("\(shared)/configs/\(name).json").model
      XCTAssertEqual(ParameterShape<Count>(model).count.value, count, name)
    }
  }

  // counting.md, Golden facts 6: Llama-2-7B has 32 layers, 4096 wide, and as many KV heads as heads; 8 × 512 tokens.
  func testKeyValueCacheOfMultiHeadAttention() throws {
    let model = try Fixtures.catalog.model("llama-2-7b").model
    let elements = ParameterShape<Count>.keyValueElementsPerToken(model) * Count(8 * 512)
    XCTAssertEqual(elements.bytes(NumberFormats(.fp16).keyValueFormat).value, 2_147_483_648)

    // A decode step's attention reads it once. (Separate rotary also reads the new keys from it; that is another row.)
    for operators in OperatorSet.allCases {
      let phases = try analysis("llama-2-7b", batch: 8, prompt: 511, context: 512, operators: operators)
      let attention = try XCTUnwrap(phases[.decode]).operators.filter {
        [.qkMatmul, .svMatmul, .attention].contains($0.name)
      }
      let loads = attention.map { $0.occurrences.value * $0.cost.traffic.loadKVCache.value }
      XCTAssertEqual(loads.reduce(0, +), 2_147_483_648, operators.rawValue)
    }
  }

  // MARK: hardware

  // counting.md, Golden facts 7. The whole has 108 SMs, 1555 GB/s, 40 MB of L2 and 312 TFLOP/s.
  func testSlicesOfA100() throws {
    let cases: [(name: String, sms: UInt64, bandwidth: Double, l2: UInt64, capacity: UInt64)] = [
      ("a100-sxm4-40gb-1g.5gb", 14, 194.375e9, 5_000_000, 5_000_000_000),
      ("a100-sxm4-40gb-3g.20gb", 42, 777.5e9, 20_000_000, 20_000_000_000),
    ]
    for (name, sms, bandwidth, l2, capacity) in cases {
      let slice = try Fixtures.catalog.hardware(name)
      XCTAssertEqual(slice.parent, "a100-sxm4-40gb", name)
      XCTAssertEqual(slice.compute?.streamingMultiprocessors, sms, name)
      XCTAssertEqual(slice.memory?.bandwidth, bandwidth, name)
      XCTAssertEqual(slice.memory?.l2, l2, name)
      XCTAssertEqual(slice.memory?.capacity, capacity, name)
      XCTAssertNil(slice.link, name)
      let tensorRate = try XCTUnwrap(slice.compute?.tensor[.fp16])
      XCTAssertEqual(tensorRate * 108 / Double(sms), 312e12, accuracy: 1, name)
    }
  }
}
