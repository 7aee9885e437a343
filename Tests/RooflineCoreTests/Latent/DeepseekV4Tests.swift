import Foundation
import RooflineCore
import TestSupport
import XCTest

/// DeepSeek-V4: figures of a real file that were computed apart from this package and agree with transformers.
final class DeepseekV4Tests: XCTestCase {
  private static let files = ["deepseek-ai--DeepSeek-V4-Flash", "nvidia--DeepSeek-V4-Flash-NVFP4"]

  func testFlashHasThePublishedParametersAndCache() throws {
    for file in Self.files {
      let configuration = try FamilyGoldenTests.model(file)
      let shape = ParameterShape<Count>(configuration.model)
      XCTAssertEqual(shape.count.value, 284_332_230_231, file)
      // 40 routers have a correction bias; those of three layers look experts up.
      XCTAssertEqual(shape.buffers.value, 10_240, file)
      XCTAssertEqual(shape.active.value, 13_799_622_231, file)
      XCTAssertEqual(shape.activeWithoutGatheredTables.value, 13_270_091_351, file)
      XCTAssertEqual(configuration.keys.unknown, [], file)
      let growth = CacheGrowth(configuration.model, NumberFormats(.bf16))
      XCTAssertEqual(growth.bytesPerToken, 5_536)
      XCTAssertEqual(growth.indexBytesPerToken, 1_344)
      XCTAssertEqual(growth.windows.map(\.bytesPerToken), [44_032])
      XCTAssertEqual(growth.windows.map(\.tokens), [128])
      XCTAssertEqual(configuration.model.legalTensorParallelDegrees, [1, 2, 4, 8])
      let shard = ParameterShape<Count>(configuration.model, tensorParallel: 8)
      XCTAssertEqual(shard.count.value, 36_274_011_375)
      XCTAssertEqual(shard.routed.value, 34_628_173_824)
    }
  }

  /// The mixing products are fp32's, whose unit is the CUDA cores.
  func testADecodeTokenComputesThePublishedProducts() throws {
    let model = try FamilyGoldenTests.model(Self.files[0]).model
    for (context, attention, scores) in [
      (4096, 2_214_592_512, 352_321_536), (131_072, 4_815_060_992, 11_274_289_152),
    ] as [(UInt64, UInt64, UInt64)] {
      let step = LatentFamilyTests.step(.decode, prompt: 1, context: context, .fused)
      let found = LatentFamilyTests.products(model, step)
      let mixing = ForwardPass<Count>(model, step).rows.reduce(0 as UInt64) { sum, row in
        guard case .gemm(let gemm) = row.operator, gemm.formats.weight == .fp32 else { return sum }
        return sum + row.operator.cost.flops.vector.value * row.occurrences.value
      }
      XCTAssertEqual(found.matrices + mixing, 26_536_443_904)
      XCTAssertEqual(found.attention, attention)
      XCTAssertEqual(found.scores, scores)
    }
  }

  /// bytes(C) of a sequence: whole entries only, 1,024·⌊C/4⌋ in 21 layers, 1,024·⌊C/128⌋ in 20, and 43 windows.
  func testTheCacheHoldsWholeEntries() throws {
    let model = try FamilyGoldenTests.model(Self.files[0]).model
    for context in [3, 100, 127, 128, 1_000, 4_099] as [UInt64] {
      for degree in [1, 8] as [UInt64] {
        let workload = Workload(
          batch: 2, prompt: 1, context: context, tensorParallel: degree, operatorSet: .fused,
          formats: NumberFormats(.bf16))
        let memory = DeviceMemory<Count>(.whole, try FootprintPlan(model, workload, generated: 1, context: context))
        let bytes = 1024 * (21 * (context / 4) + 20 * (context / 128) + 43 * min(context, 128))
        XCTAssertEqual(memory.keyValueCache.value, 2 * bytes)
        XCTAssertEqual(memory.indexKeys?.value, 2 * 21 * 256 * (context / 4))
      }
    }
  }

  /// Layers without a compressor see their windows and nothing else.
  func testZeroesInTheListOfRatiosMakeWindows() throws {
    let attention = TinyCompressed.attention(nil)
    for phase in Phase.allCases {
      let found = LatentFamilyTests.products(
        TinyCompressed.model([attention]), LatentFamilyTests.step(phase, prompt: 9, context: 12, .fused))
      let positions: [UInt64] = phase == .prefill ? Array(1...9) : [12]
      let pairs = positions.reduce(0) { $0 + min($1, 4) }
      XCTAssertEqual(found.attention, 4 * 14 * 6 * pairs)
      XCTAssertEqual(found.scores, 0)
    }
  }

  /// A step completes an entry only every so many tokens; together the steps make what a prompt of as many tokens makes.
  func testDecodeStepsCompleteAsManyEntriesAsAPrompt() throws {
    let model = TinyCompressed.model([TinyCompressed.attention(TinyCompressed.plain)])
    func entries(_ step: DecoderStep) -> UInt64 {
      ForwardPass<Count>(model, step).rows.reduce(0) { sum, row in
        guard case .compression(let compression) = row.operator else { return sum }
        return sum + compression.entries.value
      }
    }
    let prompt = entries(LatentFamilyTests.step(.prefill, prompt: 20, context: 21, .fused))
    let steps = (1...20 as ClosedRange<UInt64>).map {
      entries(LatentFamilyTests.step(.decode, prompt: 1, context: $0, .fused))
    }
    XCTAssertEqual(prompt, 6)
    XCTAssertEqual(steps.reduce(0, +), 6)
    XCTAssertEqual(Set(steps), [0, 1])
  }

  func testValuesThatShapeTheGraphAndAreNotKnownAreRefused() throws {
    let json = """
      {"architectures": ["DeepseekV4ForCausalLM"], "model_type": "deepseek_v4", "hidden_size": 64, "head_dim": 16,
       "moe_intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 1,
       "n_shared_experts": 1, "n_routed_experts": 8, "num_experts_per_tok": 2, "q_lora_rank": 24, "o_groups": 2,
       "o_lora_rank": 12, "qk_rope_head_dim": 8, "sliding_window": 8, "compress_ratios": [0, 4, 128, 0], "hc_mult": 4,
       "hc_sinkhorn_iters": 20, "hidden_act": "silu", "vocab_size": 128, "index_n_heads": 2, "index_head_dim": 16,
       "index_topk": 32}
      """
    XCTAssertEqual(try WrittenModel.configuration(json).model.groups.count, 3)
    let cases: [(String, JSONValue)] = [
      ("compress_ratios", .array([.integer(0), .integer(8), .integer(4)])), ("compress_ratios", .array([.integer(0)])),
      ("scoring_func", .string("sigmoid")), ("topk_method", .string("greedy")), ("o_groups", .integer(3)),
      ("num_key_value_heads", .integer(2)), ("qk_rope_head_dim", .integer(18)), ("hc_mult", .null),
      ("sliding_window", .null), ("num_hash_layers", .integer(-1)),
    ]
    for (key, value) in cases {
      XCTAssertThrowsError(try WrittenModel.configuration(json, [key: value]), key) {
        XCTAssertTrue("\($0)".contains(key), "\($0)")
      }
    }
  }
}
