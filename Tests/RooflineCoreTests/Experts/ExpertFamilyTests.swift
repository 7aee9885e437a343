import Foundation
import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// What families with routed experts make of a config.json.
final class ExpertFamilyTests: XCTestCase {
  static let mixtral = """
    {"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336,
     "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "num_local_experts": 8,
     "num_experts_per_tok": 2, "vocab_size": 32000, "hidden_act": "silu", "sliding_window": null,
     "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
    """
  static let gptOSS = """
    {"architectures": ["GptOssForCausalLM"], "model_type": "gpt_oss", "hidden_size": 40, "intermediate_size": 24,
     "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 6, "num_local_experts": 6,
     "num_experts_per_tok": 2, "experts_per_token": 2, "sliding_window": 5, "swiglu_limit": 7.0, "hidden_act": "silu",
     "attention_bias": true, "vocab_size": 101, "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
    """
  static let glm4MoE = """
    {"architectures": ["Glm4MoeForCausalLM"], "model_type": "glm4_moe", "hidden_size": 4096, "intermediate_size": 10944,
     "moe_intermediate_size": 1408, "num_hidden_layers": 46, "num_attention_heads": 96, "num_key_value_heads": 8,
     "head_dim": 128, "n_routed_experts": 128, "n_shared_experts": 1, "num_experts_per_tok": 8,
     "first_k_dense_replace": 1, "attention_bias": true, "use_qk_norm": false, "partial_rotary_factor": 0.5,
     "norm_topk_prob": true, "routed_scaling_factor": 1.0, "n_group": 1, "topk_group": 1, "vocab_size": 151552,
     "num_nextn_predict_layers": 1, "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
    """
  static let olmoe = """
    {"architectures": ["OlmoeForCausalLM"], "model_type": "olmoe", "hidden_size": 2048, "intermediate_size": 2048,
     "num_hidden_layers": 16, "num_attention_heads": 16, "num_key_value_heads": 16, "num_experts": 64,
     "num_experts_per_tok": 8, "norm_topk_prob": false, "clip_qkv": null, "vocab_size": 50304,
     "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
    """
  static let mimoV2 = """
    {"architectures": ["MiMoV2FlashForCausalLM"], "model_type": "mimo_v2_flash", "hidden_size": 48,
     "intermediate_size": 72, "moe_intermediate_size": 24, "num_hidden_layers": 3, "num_attention_heads": 8,
     "num_key_value_heads": 2, "head_dim": 12, "v_head_dim": 8, "swa_num_attention_heads": 8,
     "swa_num_key_value_heads": 4, "swa_head_dim": 12, "swa_v_head_dim": 8, "sliding_window": 5,
     "sliding_window_size": 5, "hybrid_layer_pattern": [0, 1, 1], "moe_layer_freq": [0, 1, 1], "n_routed_experts": 6,
     "num_experts_per_tok": 2, "n_shared_experts": null, "scoring_func": "sigmoid", "norm_topk_prob": true,
     "partial_rotary_factor": 0.334, "attention_value_scale": 0.707, "add_swa_attention_sink_bias": true,
     "add_full_attention_sink_bias": false, "hidden_act": "silu", "vocab_size": 101, "tie_word_embeddings": false,
     "torch_dtype": "bfloat16"}
    """
  static let llama4 = """
    {"architectures": ["Llama4ForConditionalGeneration"], "model_type": "llama4", "torch_dtype": "bfloat16",
     "text_config": {"model_type": "llama4_text", "hidden_size": 48, "intermediate_size": 24,
      "intermediate_size_mlp": 72, "num_hidden_layers": 8, "num_attention_heads": 8, "num_key_value_heads": 4,
      "head_dim": 6, "attention_chunk_size": 4, "interleave_moe_layer_step": 2, "num_local_experts": 6,
      "num_experts_per_tok": 1, "use_qk_norm": true, "hidden_act": "silu", "vocab_size": 101}}
    """
  static let miniMaxM2 = """
    {"architectures": ["MiniMaxM2ForCausalLM"], "model_type": "minimax_m2", "hidden_size": 48, "intermediate_size": 24,
     "num_hidden_layers": 2, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 12, "rotary_dim": 6,
     "num_local_experts": 6, "num_experts_per_tok": 2, "use_qk_norm": true, "qk_norm_type": "per_layer",
     "use_routing_bias": true, "scoring_func": "sigmoid", "shared_intermediate_size": 0, "attn_type_list": [1, 1],
     "hidden_act": "silu", "vocab_size": 101, "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
    """
  static let step = """
    {"architectures": ["Step3p7FlashForCausalLM"], "model_type": "step3p7", "hidden_size": 48, "intermediate_size": 72,
     "moe_intermediate_size": 24, "share_expert_dim": 20, "n_shared_experts": 1, "num_hidden_layers": 4,
     "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 6, "sliding_window": 5, "first_k_dense_replace": 1,
     "layer_types": ["full_attention", "sliding_attention", "sliding_attention", "full_attention"], "num_experts": 6,
     "num_experts_per_tok": 2, "scoring_func": "sigmoid", "use_moe_router_bias": true,
     "moe_router_scaling_factor": 3.0, "vocab_size": 101, "torch_dtype": "bfloat16"}
    """

  /// The real file's names: 4 layers and a draft layer, 12 heads through a window and 8 without one.
  static let nestedStep = """
    {"architectures": ["Step3p7ForConditionalGeneration"], "model_type": "step3p7", "torch_dtype": "bfloat16",
     "text_config": {"model_type": "step3p5", "hidden_size": 48, "intermediate_size": 72, "num_hidden_layers": 4,
      "num_nextn_predict_layers": 1, "num_attention_heads": 8, "num_attention_groups": 4, "head_dim": 6,
      "attention_other_setting": {"attention_type": "sliding_attention", "num_attention_heads": 12,
       "num_attention_groups": 4, "head_dim": 6}, "use_head_wise_attn_gate": true, "sliding_window": 5,
      "layer_types": ["full_attention", "sliding_attention", "sliding_attention", "full_attention",
       "sliding_attention"], "partial_rotary_factors": [0.34, 1.0, 1.0, 0.34, 1.0], "moe_layers_enum": "1,2,3",
      "moe_num_experts": 6, "moe_top_k": 2, "moe_intermediate_size": 24, "share_expert_dim": 20,
      "use_moe_router_bias": true, "moe_router_scaling_factor": 3.0, "norm_expert_weight": true,
      "moe_router_activation": "sigmoid", "swiglu_limits": [0.0, 0.0, 0.0, 7.0, 0.0], "vocab_size": 101}}
    """
  /// A dense layer and three of experts, all but the first of which choose 2 blocks of 4 keys.
  static let miniMaxM3 = """
    {"architectures": ["MiniMaxM3ForCausalLM"], "model_type": "minimax_m3", "hidden_size": 48,
     "dense_intermediate_size": 72, "intermediate_size": 24, "shared_intermediate_size": 20, "n_shared_experts": 1,
     "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 12, "rotary_dim": 6,
     "num_local_experts": 6, "num_experts_per_tok": 2, "use_qk_norm": true, "qk_norm_type": "per_head",
     "use_routing_bias": true, "scoring_func": "sigmoid", "routed_scaling_factor": 2.0, "hidden_act": "swigluoai",
     "moe_layer_freq": [0, 1, 1, 1], "sparse_attention_config": {"use_sparse_attention": true,
      "sparse_attention_freq": [0, 0, 1, 1], "sparse_block_size": 4, "sparse_topk_blocks": 2, "sparse_index_dim": 10,
      "sparse_num_index_heads": 3, "sparse_score_type": "max", "sparse_disable_index_value": [0, 0, 1, 1],
      "sparse_init_block": 0, "sparse_local_block": 1}, "vocab_size": 101, "tie_word_embeddings": false,
     "torch_dtype": "bfloat16"}
    """

  static let gemma4 = """
    {"architectures": ["Gemma4ForConditionalGeneration"], "model_type": "gemma4", "dtype": "bfloat16",
     "tie_word_embeddings": true, "text_config": {"model_type": "gemma4_text", "hidden_size": 48,
      "intermediate_size": 40, "moe_intermediate_size": 24, "num_hidden_layers": 7, "num_attention_heads": 8,
      "num_key_value_heads": 4, "num_global_key_value_heads": 2, "head_dim": 6, "global_head_dim": 12,
      "attention_k_eq_v": true, "enable_moe_block": true, "num_experts": 6, "top_k_experts": 2, "sliding_window": 5,
      "hidden_activation": "gelu_pytorch_tanh", "hidden_size_per_layer_input": 0, "num_kv_shared_layers": 0,
      "final_logit_softcapping": 30.0, "vocab_size": 101, "rope_parameters": {
       "full_attention": {"partial_rotary_factor": 0.34}, "sliding_attention": {"rope_theta": 10000.0}}}}
    """

  /// Layer 6 of 7 sees everything: 2 KV heads of 12, 4 elements of which are turned, and no projection of values.
  func testGemma4sWideLayersMakeValuesOfKeys() throws {
    let model = try WrittenModel.configuration(Self.gemma4).model
    XCTAssertEqual(model.runs.map(\.layers), [5, 1, 1])
    let full = try XCTUnwrap(model.groups[1].mixer?.groupedQuery)
    XCTAssertEqual([full.numKeyValueHeads, full.headDim, full.rotaryDim ?? 0], [2, 12, 4])
    let names = Set(ParameterShape<Count>(model).tensors.filter { $0.scope == .layer(group: 1) }.map(\.name))
    XCTAssertFalse(names.contains("model.layers.N.self_attn.v_proj.weight"))
    XCTAssertTrue(names.contains("model.layers.N.router.per_expert_scale"))
    // A value for each key, of the same width.
    XCTAssertEqual(full.cache.tokens, [TokenCache(.heads(2, key: 12, value: 12))])
  }

  /// GLM-4.5-Air as published, with its router's 45 × 128 correction biases; and the library's default of OLMoE.
  func testPublishedCountsOfModelsWithoutAFileHere() throws {
    let air = ParameterShape<Count>(try WrittenModel.configuration(Self.glm4MoE).model)
    XCTAssertEqual(air.count.value, 106_852_245_504)
    XCTAssertEqual(air.buffers.value, 5_760)
    // GLM-4.5, 355B.
    let large = ParameterShape<Count>(
      try WrittenModel.configuration(
        Self.glm4MoE,
        [
          "hidden_size": .integer(5120), "intermediate_size": .integer(12288), "moe_intermediate_size": .integer(1536),
          "num_hidden_layers": .integer(92), "n_routed_experts": .integer(160), "first_k_dense_replace": .integer(3),
          "use_qk_norm": .bool(true),
        ]
      ).model)
    XCTAssertEqual(large.count.value, 352_797_814_784)
    XCTAssertEqual(large.buffers.value, 14_240)
    XCTAssertEqual(
      ParameterShape<Count>(try WrittenModel.configuration(Self.olmoe).model).count.value, 13_361_612_800)
  }

  /// 96 heads do not divide 4096: the width of a head must stand there.
  func testAHeadDimThatDoesNotFollowIsAskedFor() {
    XCTAssertThrowsError(try WrittenModel.configuration(Self.glm4MoE, ["head_dim": .null])) {
      XCTAssertTrue("\($0)".contains("head_dim"), "\($0)")
    }
  }

  /// Layers 4 and 8 have no positions and see everything; layers 2, 4, 6 and 8 have experts.
  func testLlama4sLayersAreOfFourKindsAtMost() throws {
    let model = try WrittenModel.configuration(Self.llama4).model
    XCTAssertEqual(model.groupNames, ["chunked dense", "chunked experts", "full experts"])
    XCTAssertEqual(model.runs.map(\.group), [0, 1, 0, 2, 0, 1, 0, 2])
    XCTAssertEqual(model.groups.map { $0.mixer?.groupedQuery?.rotaryDim }, [6, 6, nil])
  }

  /// Four layers: the third and, by name, the first are dense.
  static let qwen3MoE = """
    {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "hidden_size": 64, "intermediate_size": 96,
     "moe_intermediate_size": 24, "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4,
     "head_dim": 16, "num_experts": 6, "num_experts_per_tok": 2, "decoder_sparse_step": 1, "mlp_only_layers": [0, 2],
     "norm_topk_prob": true, "vocab_size": 101, "hidden_act": "silu", "tie_word_embeddings": false,
     "torch_dtype": "bfloat16"}
    """

  /// Layers on paper: attention 64·(128 + 2·64) + 128·64 + 2·16, two norms; a dense MLP 3·64·96; a router 6·64 and six experts.
  func testDenseAndRoutedLayersAreGroups() throws {
    let model = try WrittenModel.configuration(Self.qwen3MoE).model
    XCTAssertEqual(model.groupNames, ["dense", "experts"])
    XCTAssertEqual(model.runs.map(\.layers), [1, 1, 1, 1])
    let attention: UInt64 = 64 * (128 + 2 * 64) + 128 * 64 + 2 * 16 + 2 * 64
    let dense = attention + 3 * 64 * 96
    let routed = { (experts: UInt64) in attention + 6 * 64 + experts * 3 * 64 * 24 }
    let ends: UInt64 = 2 * 101 * 64 + 64
    let shape = ParameterShape<Count>(model)
    XCTAssertEqual(shape.count.value, ends + 2 * dense + 2 * routed(6))
    XCTAssertEqual(shape.active.value, ends + 2 * dense + 2 * routed(2))
    XCTAssertEqual(shape.activeWithoutGatheredTables.value, ends + 2 * dense + 2 * routed(2) - 101 * 64)
    XCTAssertEqual(shape.buffers, 0)
  }

  /// The figures of TileOPs, Nsight Compute and others, rounded to four decimals.
  func testDistinctExpertsAreThoseOfUniformRouting() {
    for (experts, chosen, tokens, distinct) in [
      (8, 2, 3, 4.625), (256, 8, 32, 163.3138), (256, 8, 64, 222.4425), (128, 8, 32, 111.7710),
      (128, 8, 64, 125.9423), (384, 8, 64, 284.1944), (128, 4, 64, 111.2212), (512, 10, 64, 367.1127),
      (512, 22, 64, 481.2006), (896, 16, 64, 613.1954),
    ] as [(UInt64, UInt64, Double, Double)] {
      XCTAssertEqual(
        ExpertLoad.distinctExperts(experts, chosen: chosen, tokens: tokens), distinct, accuracy: 5e-5,
        "\(experts) \(chosen) \(tokens)")
    }
  }

  /// Every way in which up to three tokens can choose among up to five experts, counted.
  func testDistinctExpertsAreTheMeanOverAllRoutings() {
    for experts in 1...5 {
      for chosen in 1...experts {
        let choices = Self.subsets(of: experts, chosen)
        var routings: [Set<Int>] = [[]]
        for tokens in 1...3 {
          routings = routings.flatMap { routing in choices.map { routing.union($0) } }
          let mean = Double(routings.reduce(0) { $0 + $1.count }) / Double(routings.count)
          XCTAssertEqual(
            ExpertLoad.distinctExperts(UInt64(experts), chosen: UInt64(chosen), tokens: Double(tokens)), mean,
            accuracy: 1e-9)
          let bounds = ExpertLoad.bounds(UInt64(experts), chosen: UInt64(chosen), tokens: UInt64(tokens))
          XCTAssertEqual(routings.map(\.count).min(), Int(bounds.lowerBound))
          XCTAssertEqual(routings.map(\.count).max(), Int(bounds.upperBound))
        }
      }
    }
  }

  private static func subsets(of count: Int, _ size: Int) -> [Set<Int>] {
    (0..<(1 << count)).map { mask in Set((0..<count).filter { mask & (1 << $0) != 0 }) }.filter { $0.count == size }
  }

  /// As many experts a token as there are: the products of one dense MLP of all their widths.
  func testAllExpertsOfAllTokensAreADenseMLP() {
    let all = RoutedExperts(experts: 4, chosen: 4, width: 12, router: .init(scoring: .softmax, renormalises: true))
    let routed = TinyModel.rows(TinyExperts.model(all), .prefill, TinyModel.workload(.fused))
    let dense = TinyModel.rows(
      DecoderModel(
        hiddenSize: 34, intermediateSize: 48, numHiddenLayers: 3, numAttentionHeads: 8, numKeyValueHeads: 4,
        headDim: 6, vocabSize: 103), .prefill, TinyModel.workload(.fused))
    for (expert, plain) in [("experts_gate_up", "gate_up_proj"), ("experts_down", "down_proj")]
      as [(OperatorName, OperatorName)]
    {
      XCTAssertEqual(routed[expert]?.cost.flops.tensor, dense[plain]?.cost.flops.tensor)
      XCTAssertEqual(routed[expert]?.cost.traffic.loadWeight, dense[plain]?.cost.traffic.loadWeight)
    }
  }

  func testExpertsAreNamedAsTheCheckpointHasThem() throws {
    let mixtral = try WeightList(
      try WrittenModel.configuration(Self.mixtral).model, name: "mixtral", formats: NumberFormats(.bf16))
    let names = mixtral.entries.map(\.name.full)
    for expert in 0..<8 {
      for part in ["w1", "w2", "w3"] {
        XCTAssertTrue(names.contains("model.layers.31.block_sparse_moe.experts.\(expert).\(part).weight"))
      }
    }
    XCTAssertEqual(names.count, 3 + 32 * (7 + 8 * 3))
    let qwen = try WeightList(
      try WrittenModel.configuration(Self.qwen3MoE).model, name: "qwen", formats: NumberFormats(.bf16))
    let gate = try XCTUnwrap(
      qwen.entries.first { $0.name.full == "model.layers.1.mlp.experts.5.gate_proj.weight" })
    XCTAssertEqual(gate.dimensions, [24, 64])
    XCTAssertEqual(WeightName("model.layers.1.mlp.experts.5.gate_proj.weight"), gate.name)
  }

  /// On paper: q 12·6, k and v 4·6 each, o 12·6, a gate a head; heads turn 2 of 6 elements without a window.
  func testLayersWithAWindowMayHaveOtherHeads() throws {
    let model = try WrittenModel.configuration(Self.nestedStep).model
    XCTAssertEqual(model.groupNames, ["full dense", "sliding experts", "full experts"])
    XCTAssertEqual(model.runs.map(\.layers), [1, 2, 1])
    let mixers = model.groups.compactMap { $0.mixer?.groupedQuery }
    XCTAssertEqual(mixers.map(\.numHeads), [8, 12, 8])
    XCTAssertEqual(mixers.map(\.rotaryDim), [2, 6, 2])
    XCTAssertEqual(mixers.map(\.window), [nil, 5, nil])
    let attention = { (heads: UInt64) in 48 * (heads * 6 + 2 * 4 * 6) + heads * 6 * 48 + heads * 48 + 2 * 6 + 2 * 48 }
    let experts: UInt64 = 6 * 48 + 6 * 3 * 48 * 24 + 3 * 48 * 20
    XCTAssertEqual(
      ParameterShape<Count>(model).count.value,
      2 * 101 * 48 + 48 + attention(8) + 3 * 48 * 72 + 2 * (attention(12) + experts) + attention(8) + experts)
    let names = ParameterShape<Count>(model).tensors.map(\.name)
    XCTAssertTrue(names.contains("model.language_model.layers.N.self_attn.g_proj.weight"))
  }

  /// A file whose class reads its text part, which calls itself by another's name, has the same layers.
  func testANestedTextPartOfAnotherNameIsTheOuterClasss() throws {
    let flat = try WrittenModel.configuration(Self.miniMaxM3).model
    guard case .object(var text) = try JSONValue.parse(Data(Self.miniMaxM3.utf8), file: "") else { return XCTFail() }
    text["model_type"] = .string("minimax_m2")
    let nested = try ModelConfiguration(
      .object([
        "architectures": .array([.string("MiniMaxM3SparseForConditionalGeneration")]),
        "model_type": .string("minimax_m3_vl"), "text_config": .object(text),
      ]), name: "nested", file: "config.json"
    ).model
    XCTAssertEqual(nested.groups, flat.groups)
    XCTAssertEqual(nested.groupNames, ["dense", "experts", "experts 2"])
    XCTAssertEqual(ParameterShape<Count>(nested).tensors[0].name, "language_model.model.embed_tokens.weight")
  }

  /// Every pair of a query and a key in 2 blocks of 4: the query's own block and one before it, which is whole.
  func testBlocksThatAreChosenAreThePairsOfAnEnumeration() throws {
    let model = try WrittenModel.configuration(Self.miniMaxM3).model
    for (prompt, context) in [(1, 1), (7, 8), (13, 14), (8, 9)] as [(UInt64, UInt64)] {
      for (phase, queries, keys) in [(Phase.prefill, prompt, prompt), (.decode, 1, context)] {
        let workload = Workload(
          batch: 1, prompt: prompt, context: context, tensorParallel: 1, operatorSet: .fused,
          formats: NumberFormats(.bf16))
        let rows = ForwardPass<Count>(model, DecoderStep(phase, workload)).rows
        let sparse = rows.filter { $0.scope == .layer(group: 2) }
        let attention = try XCTUnwrap(sparse.first { $0.name == .attention })
        // At position p (from 0) there are ⌊p/4⌋ whole blocks before the own one, of which one is chosen.
        var (pairs, blocks): (UInt64, UInt64) = (0, 0)
        for position in (keys - queries)..<keys {
          pairs += min(position + 1, 8)
          blocks += position / 4 + 1
        }
        XCTAssertEqual(attention.operator.cost.flops.tensor.value, 4 * 8 * 12 * pairs)
        let read = queries == 1 ? min(keys, 8) : keys
        XCTAssertEqual(attention.operator.cost.traffic.loadKVCache.value, 2 * 2 * 4 * 12 * read)
        let scores = try XCTUnwrap(sparse.first { $0.name == "index_scores" })
        XCTAssertEqual(scores.operator.cost.traffic.storeActivation.value, 4 * 3 * blocks)
      }
    }
  }

  func testWhatIsNoMixtureIsRefused() {
    let cases: [(String, String, JSONValue, String)] = [
      (Self.mixtral, "num_local_experts", .null, "num_local_experts"),
      (Self.mixtral, "num_experts_per_tok", .integer(9), "num_experts_per_tok"),
      (Self.mixtral, "n_shared_experts", .integer(1), "n_shared_experts"),
      (Self.qwen3MoE, "mlp_only_layers", .array([.integer(4)]), "mlp_only_layers"),
      (Self.qwen3MoE, "decoder_sparse_step", .integer(0), "decoder_sparse_step"),
      (Self.qwen3MoE, "num_experts", .number(1.5), "num_experts"),
      (Self.gptOSS, "experts_per_token", .integer(4), "experts_per_token"),
      (Self.gptOSS, "layer_types", .array([.string("full_attention")]), "layer_types"),
      (Self.glm4MoE, "first_k_dense_replace", .integer(47), "first_k_dense_replace"),
      (Self.glm4MoE, "scoring_func", .string("softmax"), "scoring_func"),
      (Self.miniMaxM2, "qk_norm_type", .string("per_head"), "qk_norm_type"),
      (Self.miniMaxM2, "attn_type_list", .array([.integer(1), .integer(0)]), "attn_type_list"),
      (Self.miniMaxM2, "shared_intermediate_size", .integer(8), "shared_intermediate_size"),
      (Self.miniMaxM2, "rotary_dim", .integer(13), "rotary_dim"),
      (Self.mimoV2, "hybrid_layer_pattern", .array([.integer(0), .integer(2), .integer(1)]), "hybrid_layer_pattern"),
      (Self.mimoV2, "moe_layer_freq", .integer(1), "moe_layer_freq"),
      (Self.mimoV2, "sliding_window_size", .integer(6), "sliding_window_size"),
      (Self.mimoV2, "swa_num_key_value_heads", .integer(3), "swa_num_key_value_heads"),
      (Self.step, "layer_types", .null, "layer_types"),
      (Self.step, "moe_layers_enum", .string("1,x"), "moe_layers_enum"),
      (Self.step, "moe_layers_enum", .array([.integer(4)]), "moe_layers_enum"),
      (Self.step, "partial_rotary_factors", .array([.number(0.5)]), "partial_rotary_factors"),
      (Self.step, "attention_other_setting", .object(["num_attention_heads": .integer(7)]), "attention_other_setting"),
      (Self.miniMaxM3, "qk_norm_type", .string("per_layer"), "qk_norm_type"),
      (Self.miniMaxM3, "sparse_attention_config", .object(["sparse_attention_freq": .array([.integer(1)])]), "freq"),
      (
        Self.miniMaxM3, "sparse_attention_config",
        .object([
          "sparse_attention_freq": .array([.integer(1), .integer(1), .integer(1), .integer(1)]),
          "sparse_score_type": .string("mean"),
        ]), "sparse_score_type"
      ),
      (Self.miniMaxM3, "moe_layer_freq", .integer(1), "moe_layer_freq"),
      (Self.miniMaxM3, "hidden_act", .string("gelu"), "hidden_act"),
      (Self.qwen3MoE, "shared_expert_intermediate_size", .integer(8), "shared_expert_intermediate_size"),
    ]
    for (json, key, value, named) in cases {
      XCTAssertThrowsError(try WrittenModel.configuration(json, [key: value]), key) {
        XCTAssertTrue("\($0)".contains(named), "\($0)")
      }
    }
  }
}
