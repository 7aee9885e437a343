import Foundation
import RooflineCore
import TestSupport
import XCTest

/// DeepSeek-V2, V3 and V3.2, Kimi-K2, GLM-4.7-Flash and GLM-5: figures of real files that were computed apart from this package,
/// from config.json alone, and agree with transformers.
final class LatentFamilyTests: XCTestCase {
  struct Golden {
    let file: String
    let total, buffers, active, activeWithoutEmbedding: UInt64
    /// FLOPs of one decode token: matrix products, and attention and index scores at 4,096 and 131,072 keys.
    let products: UInt64
    let attention: [UInt64]
    var scores: [UInt64] = [0, 0]
    /// Bytes of one token's latents and index keys in bf16.
    let cache: UInt64
    var indexKeys: UInt64 = 0
    /// Elements of one of 8 ranks, and of them those of routed experts.
    var shard: (all: UInt64, experts: UInt64)?
  }

  static let goldens = [
    Golden(
      file: "sim--deepseek-v2-lite", total: 15_706_484_224, buffers: 0, active: 2_661_150_208,
      activeWithoutEmbedding: 2_451_435_008, products: 4_902_617_088, attention: [3_850_371_072, 123_211_874_304],
      cache: 31_104),
    Golden(
      file: "deepseek-ai--DeepSeek-V3", total: 671_026_404_352, buffers: 14_848, active: 37_552_282_624,
      activeWithoutEmbedding: 36_625_603_584, products: 73_249_193_984,
      attention: [69_591_891_968, 2_226_940_542_976], cache: 70_272, shard: (84_780_342_272, 81_738_596_352)),
    Golden(
      file: "deepseek-ai--DeepSeek-V3.2", total: 671_877_929_216, buffers: 14_848, active: 38_403_807_488,
      activeWithoutEmbedding: 37_477_128_448, products: 74_952_212_480, attention: [34_795_945_984, 34_795_945_984],
      scores: [4_093_640_704, 130_996_502_528], cache: 70_272, indexKeys: 15_616,
      shard: (85_631_867_136, 81_738_596_352)),
    Golden(
      file: "zai-org--GLM-5", total: 743_911_199_232, buffers: 19_200, active: 41_784_709_632,
      activeWithoutEmbedding: 40_833_126_912, products: 81_663_885_312, attention: [22_246_588_416, 22_246_588_416],
      scores: [2_617_245_696, 83_751_862_272], cache: 89_856, indexKeys: 19_968,
      shard: (94_833_086_976, 90_596_966_400)),
    Golden(
      file: "zai-org--GLM-5.2", total: 743_377_000_704, buffers: 19_200, active: 41_250_511_104,
      activeWithoutEmbedding: 40_298_928_384, products: 80_595_517_440, attention: [22_246_588_416, 22_246_588_416],
      scores: [704_643_072, 22_548_578_304], cache: 89_856, indexKeys: 5_376),
  ]

  func testParametersAndCachesAreThePublishedOnes() throws {
    for golden in Self.goldens {
      let configuration = try FamilyGoldenTests.model(golden.file)
      let shape = ParameterShape<Count>(configuration.model)
      XCTAssertEqual(shape.count.value, golden.total, golden.file)
      XCTAssertEqual(shape.buffers.value, golden.buffers, golden.file)
      XCTAssertEqual(shape.active.value, golden.active, golden.file)
      XCTAssertEqual(shape.activeWithoutGatheredTables.value, golden.activeWithoutEmbedding, golden.file)
      let growth = CacheGrowth(configuration.model, NumberFormats(.bf16))
      XCTAssertEqual(growth.bytesPerToken.value, golden.cache, golden.file)
      XCTAssertEqual(growth.indexBytesPerToken.value, golden.indexKeys, golden.file)
      XCTAssertEqual(configuration.keys.unknown, [], golden.file)
    }
  }

  func testADecodeTokenComputesThePublishedProducts() throws {
    for golden in Self.goldens {
      let model = try FamilyGoldenTests.model(golden.file).model
      for (index, context) in [4096, 131_072].enumerated() {
        let found = Self.products(model, Self.step(.decode, prompt: 1, context: UInt64(context), .fused))
        XCTAssertEqual(found.matrices, golden.products, golden.file)
        XCTAssertEqual(found.attention, golden.attention[index], "\(golden.file) at \(context)")
        XCTAssertEqual(found.scores, golden.scores[index], "\(golden.file) at \(context)")
      }
    }
  }

  func testOneOfEightRanksHoldsItsShareAndAllLatents() throws {
    for golden in Self.goldens {
      guard let shard = golden.shard else { continue }
      let model = try FamilyGoldenTests.model(golden.file).model
      let shape = ParameterShape<Count>(model, tensorParallel: 8)
      XCTAssertEqual(shape.count.value, shard.all, golden.file)
      XCTAssertEqual(shape.routed.value, shard.experts, golden.file)
      for degree in [1, 8] as [UInt64] {
        let workload = Workload(
          batch: 3, prompt: 1000, context: 1001, tensorParallel: degree, operatorSet: .fused,
          formats: NumberFormats(.bf16))
        let memory = DeviceMemory<Count>(
          .whole, try FootprintPlan(model, workload, generated: 2, context: nil))
        XCTAssertEqual(memory.keyValueCache.value, 3 * 1001 * golden.cache, "\(golden.file) TP \(degree)")
        XCTAssertEqual(memory.indexKeys?.value ?? 0, 3 * 1001 * golden.indexKeys, "\(golden.file) TP \(degree)")
      }
    }
  }

  /// transformers' default configuration of GLM-4.7-Flash, whose size it gives; 46 routers have 64 correction biases each.
  func testGLM47FlashHasTheLibrarysParameters() throws {
    let configuration = try WrittenModel.configuration(
      """
      {"architectures": ["Glm4MoeLiteForCausalLM"], "model_type": "glm4_moe_lite", "hidden_size": 2048,
       "intermediate_size": 10240, "moe_intermediate_size": 1536, "num_hidden_layers": 47, "num_attention_heads": 20,
       "n_shared_experts": 1, "n_routed_experts": 64, "routed_scaling_factor": 1.8, "kv_lora_rank": 512,
       "q_lora_rank": 768, "qk_rope_head_dim": 64, "v_head_dim": 256, "qk_nope_head_dim": 192, "n_group": 1,
       "topk_group": 1, "num_experts_per_tok": 4, "first_k_dense_replace": 1, "norm_topk_prob": true,
       "hidden_act": "silu", "vocab_size": 154880, "tie_word_embeddings": false}
      """)
    let shape = ParameterShape<Count>(configuration.model)
    XCTAssertEqual(shape.count.value, 29_943_390_976)
    XCTAssertEqual(shape.buffers.value, 2_944)
  }

  // MARK: laws

  /// q_absorb and v_absorb cost what kv_b_proj costs on the same tokens, so products of matrices do not depend on the form.
  func testBothFormsMultiplyMatricesAlikeInPrefill() throws {
    for tiny in TinyLatent.all {
      for operators in OperatorSet.allCases {
        let naive = Self.products(tiny.model, Self.step(.prefill, prompt: 9, context: 10, operators, .naive))
        let absorbed = Self.products(tiny.model, Self.step(.prefill, prompt: 9, context: 10, operators, .absorbed))
        XCTAssertEqual(naive.matrices, absorbed.matrices, tiny.name)
        XCTAssertGreaterThan(absorbed.attention, naive.attention, tiny.name)
        XCTAssertEqual(naive.weights, absorbed.weights, tiny.name)
      }
    }
  }

  /// By the pair and head: DeepSeek-V3's heads cost 2·(192 + 128) naive and 2·(576 + 512) absorbed.
  func testAPairOfDeepSeekV3CostsTheTextbooksFLOPs() throws {
    let model = try FamilyGoldenTests.model("deepseek-ai--DeepSeek-V3").model
    // Time-model goldens of one layer: naive and absorbed over a prompt of 4096, and a decode step at 4096 keys.
    let goldens: [(form: LatentAttentionForm, layer: UInt64)] = [
      (.naive, 687_362_539_520), (.auto, 687_362_539_520), (.absorbed, 2_337_032_634_368),
    ]
    for golden in goldens {
      let found = Self.products(model, Self.step(.prefill, prompt: 4096, context: 4097, .fused, golden.form))
      XCTAssertEqual(found.attention, 61 * golden.layer, "\(golden.form)")
    }
    let step = Self.products(model, Self.step(.decode, prompt: 1, context: 4096, .fused))
    XCTAssertEqual(step.attention, 61 * 1_140_850_688)
  }

  /// The cached row of each key is read once for all heads, values with it.
  func testADecodeStepReadsTheLatentsOnce() throws {
    let model = try FamilyGoldenTests.model("deepseek-ai--DeepSeek-V3").model
    let rows = ForwardPass<Count>(model, Self.step(.decode, prompt: 1, context: 4096, .fused)).rows
    let attention = try XCTUnwrap(rows.first { $0.name == .attention })
    XCTAssertEqual(attention.operator.cost.traffic.loadKVCache.value, 4096 * 576 * 2)
  }

  /// An indexer that keeps at least as many keys as there are changes no pair.
  func testKeepingAllKeysIsDenseAttention() throws {
    for phase in Phase.allCases {
      let step = Self.step(phase, prompt: 9, context: 14, .fused, .absorbed)
      let dense = Self.products(TinyLatent.model(TinyLatent.ranked), step)
      for kept in [14, 15, 1000] as [UInt64] {
        let sparse = Self.products(TinyLatent.model(TinyLatent.indexed(kept)), step)
        XCTAssertEqual(sparse.attention, dense.attention)
        XCTAssertEqual(sparse.keyValueLoads, dense.keyValueLoads)
      }
      let fewer = Self.products(TinyLatent.model(TinyLatent.indexed(3)), step)
      XCTAssertLessThan(fewer.attention, dense.attention)
    }
  }

  /// Pairs and keys by walking over queries, each of which sees at most so many of the keys up to its own.
  func testChosenPairsAreThoseOfAWalkOverTheQueries() {
    for (queries, keys, kept) in [(1, 5, 3), (4, 4, 2), (3, 9, 20), (5, 7, 6), (1, 2, 2)] as [(UInt64, UInt64, UInt64)]
    {
      let shape = AttentionShape<Count>(
        batch: 1, queryTokens: Count(queries), attendedKeys: Count(keys), heads: 1, keyValueHeads: 1, headDim: 1)
      let attention = Attention<Count>(shape, mask: .selected(Count(kept)), formats: NumberFormats(.bf16))
      let pairs = (0..<queries).reduce(0) { $0 + min(keys - queries + $1 + 1, kept) }
      XCTAssertEqual(attention.pairs.value, pairs)
    }
  }

  /// Layers that share the last indexer's choice have no indexer's weights, no index keys, and no scores.
  func testSharedIndicesCostNothing() throws {
    let model = TinyLatent.model(TinyLatent.indexed(5), TinyLatent.indexed(5, hasIndexer: false))
    let rows = ForwardPass<Count>(model, Self.step(.decode, prompt: 9, context: 12, .fused)).rows
    let own = rows.filter { $0.scope == .layer(group: 0) && $0.name.rawValue.hasPrefix("index_") }
    XCTAssertEqual(own.count, 8)
    XCTAssertTrue(rows.allSatisfy { $0.scope != .layer(group: 1) || !$0.name.rawValue.hasPrefix("index_") })
    XCTAssertEqual(model.groups.map { $0.mixer?.cache.index }, [IndexKeyCache(width: 8), nil])
  }

  /// Without the list, GLM-5.2's numbers say the same as its list: the first three layers, then every fourth.
  func testFrequencyAndOffsetNameTheLayersOfTheList() throws {
    let path = try SharedTable.url("configs/zai-org--GLM-5.2.json")
    guard case .object(var members) = try JSONValue.parse(Data(contentsOf: path), file: "config.json") else {
      return XCTFail("no object")
    }
    let listed = try ModelConfiguration(.object(members), name: "listed", file: "config.json").model
    members["indexer_types"] = nil
    let counted = try ModelConfiguration(.object(members), name: "counted", file: "config.json").model
    XCTAssertEqual(listed, counted)
  }

  /// Four products a pair for two forward ones, two a matrix: keys and values of their own widths.
  func testGradientsOfLatentAttentionAreTwiceItsProducts() throws {
    for attention in [TinyLatent.plain, TinyLatent.ranked, TinyLatent.unturned] {
      for operators in OperatorSet.allCases {
        let workload = Workload(
          batch: 2, prompt: 7, context: 7, tensorParallel: 1, operatorSet: operators, formats: NumberFormats(.bf16))
        let forward = ForwardPass<Count>(TinyLatent.model(attention), DecoderStep(TrainingPass.forward, workload))
        let backward = BackwardPass(forward)
        XCTAssertEqual(backward.missing, [])
        func products(_ rows: [NamedOperator<Count>]) -> UInt64 {
          rows.reduce(0) { $0 + $1.operator.cost.flops.tensor.value * $1.occurrences.value }
        }
        XCTAssertEqual(products(backward.rows), 2 * products(forward.rows))
        for row in forward.rows + backward.rows {
          XCTAssertEqual(row.operator.cost.traffic.loadKVCache, 0, row.name.rawValue)
          XCTAssertEqual(row.operator.cost.traffic.storeKVCache, 0, row.name.rawValue)
        }
      }
    }
  }

  // MARK: refusals

  func testValuesThatShapeTheGraphAndAreNotKnownAreRefused() throws {
    let json = """
      {"architectures": ["GlmMoeDsaForCausalLM"], "model_type": "glm_moe_dsa", "hidden_size": 64,
       "intermediate_size": 96, "moe_intermediate_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4,
       "n_shared_experts": 1, "n_routed_experts": 8, "num_experts_per_tok": 2, "kv_lora_rank": 16, "q_lora_rank": 24,
       "qk_rope_head_dim": 8, "v_head_dim": 16, "qk_nope_head_dim": 12, "first_k_dense_replace": 1,
       "hidden_act": "silu", "vocab_size": 128, "index_n_heads": 2, "index_head_dim": 16, "index_topk": 32}
      """
    XCTAssertEqual(try WrittenModel.configuration(json).model.groups.count, 2)
    let cases: [(String, JSONValue)] = [
      ("scoring_func", .string("tanh")), ("topk_method", .string("random")), ("hidden_act", .string("gelu")),
      ("index_head_dim", .integer(24)), ("index_head_dim", .integer(4)), ("qk_head_dim", .integer(21)),
      ("qk_rope_head_dim", .integer(7)), ("q_lora_rank", .null), ("index_topk", .integer(0)),
      ("indexer_types", .array(["full", "full", "some", "full"].map { .string($0) })),
      ("indexer_types", .array(["shared", "full", "full", "full"].map { .string($0) })),
      ("mlp_layer_types", .array([.string("dense")])),
      ("mlp_layer_types", .array(Array(repeating: .string("odd"), count: 4))),
      ("n_shared_experts", .integer(-1)), ("first_k_dense_replace", .null), ("index_topk_pattern", .string("FFS")),
      ("num_experts_per_tok", .integer(9)), ("kv_lora_rank", .null),
    ]
    for (key, value) in cases {
      XCTAssertThrowsError(try WrittenModel.configuration(json, [key: value]), key) {
        XCTAssertTrue("\($0)".contains(key), "\($0)")
      }
    }
    // No shared expert is a model of its own.
    let without = try WrittenModel.configuration(json, ["n_shared_experts": .null]).model
    XCTAssertNil(without.groups.last?.feedForward?.routed?.shared)
  }

  func testAFormOfLatentAttentionIsRefusedWhereThereIsNone() throws {
    let workload = Workload(
      batch: 1, prompt: 8, context: 9, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(.bf16),
      latentAttention: .absorbed)
    XCTAssertThrowsError(try TinyModel.all[0].model.requireLegal(workload, name: "tiny")) {
      XCTAssertTrue("\($0)".contains("--mla"), "\($0)")
    }
    XCTAssertNoThrow(try TinyLatent.all[0].model.requireLegal(workload, name: "tiny"))
  }

  // MARK: counting

  static func step(
    _ phase: Phase, prompt: UInt64, context: UInt64, _ operators: OperatorSet, _ form: LatentAttentionForm = .auto
  ) -> DecoderStep {
    DecoderStep(
      phase,
      Workload(
        batch: 1, prompt: prompt, context: context, tensorParallel: 1, operatorSet: operators,
        formats: NumberFormats(.bf16), latentAttention: form))
  }

  /// FLOPs of products by what they are of, and bytes that attention and matrices load.
  static func products(
    _ model: DecoderModel, _ step: DecoderStep
  ) -> (matrices: UInt64, attention: UInt64, scores: UInt64, keyValueLoads: UInt64, weights: UInt64) {
    var found: (matrices: UInt64, attention: UInt64, scores: UInt64, keyValueLoads: UInt64, weights: UInt64) =
      (0, 0, 0, 0, 0)
    for row in ForwardPass<Count>(model, step).rows {
      let cost = row.operator.cost
      let tensor = cost.flops.tensor.value * row.occurrences.value
      switch row.operator.kind {
      case .attention, .qkMatmul, .svMatmul:
        found.attention += tensor
        found.keyValueLoads += cost.traffic.loadKVCache.value * row.occurrences.value
      case .indexScores: found.scores += tensor
      default: found.matrices += tensor
      }
      found.weights += cost.traffic.loadWeight.value * row.occurrences.value
    }
    return found
  }
}
