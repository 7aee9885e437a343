import Foundation
import RooflineCore
import TestSupport
import XCTest

/// What each architecture family makes of a config.json: published parameter counts, caches, groups of layers.
final class FamilyTests: XCTestCase {
  /// The library's default configurations of Gemma-2 and Phi-3, whose sizes transformers gives.
  static let gemma2 = """
    {"architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "hidden_size": 2304, "intermediate_size": 9216,
     "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 256000,
     "hidden_activation": "gelu_pytorch_tanh", "sliding_window": 4096, "attn_logit_softcapping": 50.0,
     "final_logit_softcapping": 30.0, "query_pre_attn_scalar": 256, "torch_dtype": "bfloat16"}
    """
  static let phi3 = """
    {"architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192,
     "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32064,
     "hidden_act": "silu", "sliding_window": 2047, "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
    """
  static let qwen3 = """
    {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 4096, "intermediate_size": 12288,
     "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
     "vocab_size": 151936, "hidden_act": "silu", "attention_bias": false, "tie_word_embeddings": false,
     "use_sliding_window": false, "sliding_window": null, "max_window_layers": 36, "torch_dtype": "bfloat16"}
    """
  /// Four searched layers of a small model: all of it, no attention, no MLP, nothing.
  static let searched = """
    {"architectures": ["DeciLMForCausalLM"], "model_type": "nemotron-nas", "hidden_size": 96, "num_hidden_layers": 4,
     "num_attention_heads": 12, "vocab_size": 101, "hidden_act": "silu", "torch_dtype": "bfloat16",
     "tie_word_embeddings": false, "block_configs": [
      {"attention": {"n_heads_in_group": 3, "no_op": false}, "ffn": {"ffn_mult": 2.625, "no_op": false}},
      {"attention": {"n_heads_in_group": null, "no_op": true}, "ffn": {"ffn_mult": 5.25, "no_op": false}},
      {"attention": {"n_heads_in_group": 6, "no_op": false}, "ffn": {"ffn_mult": null, "no_op": true}},
      {"attention": {"n_heads_in_group": 3, "no_op": false}, "ffn": {"ffn_mult": 2.625, "no_op": false}}]}
    """

  func testLibraryDefaultsHaveTheLibrarysParameterCounts() throws {
    for (json, count) in [
      (Self.gemma2, 2_614_341_888), (WrittenModel.gemma3, 2_628_658_432), (Self.phi3, 3_821_079_552),
      (Self.qwen3, 8_190_735_360),
    ] as [(String, UInt64)] {
      XCTAssertEqual(ParameterShape<Count>(try WrittenModel.configuration(json).model).count.value, count, json)
    }
  }

  /// Model cards and safetensors indices; the KV cache of a token in bf16 beside them.
  func testRealFilesHaveTheirPublishedParametersAndCaches() throws {
    guard let shared = Fixtures.shared else {
      XCTAssertFalse(Fixtures.isCI)
      throw XCTSkip("no shared data beside the package")
    }
    let published: [(String, parameters: UInt64, cache: UInt64)] = [
      ("codellama-34b-instruct-hf", 33_743_970_304, 196_608), ("llama-2-7b-hf", 6_738_415_616, 524_288),
      ("meta-llama--Meta-Llama-3.1-8B", 8_030_261_248, 131_072),
      ("meta-llama--Meta-Llama-3.1-405B", 405_853_388_800, 516_096),
      ("mistral-nemo-instruct-2407", 12_247_782_400, 163_840), ("qwen2.5-7b-instruct", 7_615_616_512, 57_344),
      ("XiaomiMiMo--MiMo-7B-Base", 7_622_619_136, 147_456),
      ("nvidia--Llama-3_3-Nemotron-Super-49B-v1", 49_867_145_216, 200_704), ("Qwen--Qwen3-0.6B", 596_049_920, 114_688),
      ("Qwen--Qwen3-32B", 32_762_123_264, 262_144), ("Qwen--Qwen3-VL-8B-Instruct", 8_190_735_360, 147_456),
    ]
    for (name, parameters, cache) in published {
      let configuration = try Fixtures.catalog.model("\(shared)/configs/\(name).json")
      XCTAssertEqual(ParameterShape<Count>(configuration.model).count.value, parameters, name)
      let elements: Count = ParameterShape.keyValueElementsPerToken(configuration.model)
      XCTAssertEqual(2 * elements.value, cache, name)
      XCTAssertEqual(configuration.keys.unknown, [], name)
    }
  }

  func testLayersThatDifferAreGroups() throws {
    let gemma2 = try WrittenModel.configuration(Self.gemma2).model
    XCTAssertEqual(gemma2.groupNames, ["sliding", "full"])
    XCTAssertEqual(gemma2.groups.indices.map { gemma2.layers(of: $0) }, [13, 13])
    XCTAssertEqual(gemma2.runs.first, LayerRun(group: 0, layers: 1))
    // Five of six layers, counted on the 26: layers 6, 12, 18 and 24 see everything.
    let gemma3 = try WrittenModel.configuration(WrittenModel.gemma3).model
    XCTAssertEqual(gemma3.groupNames, ["sliding", "full"])
    XCTAssertEqual(gemma3.groups.indices.map { gemma3.layers(of: $0) }, [22, 4])
    let windowed = try WrittenModel.configuration(
      Self.qwen3,
      ["use_sliding_window": .bool(true), "sliding_window": .integer(512), "max_window_layers": .integer(30)])
    XCTAssertEqual(windowed.model.groups.map { $0.mixer?.groupedQuery?.window }, [nil, 512])
    XCTAssertEqual(windowed.model.groups.indices.map { windowed.model.layers(of: $0) }, [30, 6])
    let searched = try WrittenModel.configuration(Self.searched).model
    XCTAssertEqual(searched.groupNames, ["full", "MLP only", "attention only"])
    XCTAssertEqual(searched.groups.indices.map { searched.layers(of: $0) }, [2, 1, 1])
    // ⌊2·2.625·96/3⌋ = 168, rounded up to a multiple of 256; ⌊2·5.25·96/3⌋ = 336.
    XCTAssertEqual(searched.groups.map { $0.feedForward?.intermediateSize }, [256, 512, nil])
    XCTAssertEqual(searched.groups.map { $0.mixer?.groupedQuery?.numKeyValueHeads }, [4, nil, 2])
    // A stage of a pipeline has the layers that stand there.
    XCTAssertEqual(searched.layers(ofStage: 0, of: 2), [1, 1, 0])
    XCTAssertEqual(searched.layers(ofStage: 1, of: 2), [1, 0, 1])
  }

  /// A layer on paper: 12 heads of 8 and 4 KV heads, 256 wide; an MLP of 512; 12 heads and 2 KV heads. H 96, V 101.
  func testABlockThatIsANoOpDropsItsNorm() throws {
    let model = try WrittenModel.configuration(Self.searched).model
    let attention = { (keyValueHeads: UInt64) in 96 + 2 * 96 * 96 + 2 * 8 * keyValueHeads * 96 }
    let mlp = { (width: UInt64) in 96 + 3 * 96 * width }
    XCTAssertEqual(
      ParameterShape<Count>(model).count.value,
      2 * 101 * 96 + 2 * (attention(4) + mlp(256)) + mlp(512) + attention(2) + 96)
  }

  func testValuesThatShapeAGraphAndAreNotKnownAreRefused() {
    let cases: [(String, String, JSONValue, String)] = [
      (Self.gemma2, "layer_types", .array(Array(repeating: .string("chunked_attention"), count: 26)), "layer_types"),
      (Self.gemma2, "layer_types", .array([.string("full_attention")]), "layer_types"),
      (Self.gemma2, "hidden_activation", .string("silu"), "hidden_activation"),
      (WrittenModel.gemma3, "attn_logit_softcapping", .number(50), "attn_logit_softcapping"),
      (Self.qwen3, "hidden_act", .string("gelu"), "hidden_act"),
      (Self.qwen3, "num_experts", .integer(8), "num_experts"),
      (Self.qwen3, "model_type", .string("llama"), "model_type"),
      (Self.qwen3, "model_type", .string("qwen9"), "model_type"),
      (Self.phi3, "partial_rotary_factor", .number(1.5), "partial_rotary_factor"),
      (Self.searched, "block_configs", .array([]), "block_configs"),
      (Self.searched, "num_hidden_layers", .integer(5), "block_configs"),
    ]
    for (json, key, value, named) in cases {
      XCTAssertThrowsError(try WrittenModel.configuration(json, [key: value]), key) {
        XCTAssertTrue("\($0)".contains(named), "\($0)")
      }
    }
  }

  func testASearchedBlockOfAnotherKindIsRefusedByItsKey() {
    let linear = Self.searched.replacing("\"n_heads_in_group\": 6", with: "\"replace_with_linear\": true")
    XCTAssertThrowsError(try WrittenModel.configuration(linear)) {
      XCTAssertTrue("\($0)".contains("block_configs[2].attention.replace_with_linear"), "\($0)")
    }
  }

  func testEveryKeyIsReadIgnoredOrNamed() throws {
    let configuration = try WrittenModel.configuration(
      Self.qwen3, ["rms_norm_eps": .number(1e-6), "my_own_key": .integer(3), "auto_map": .object(["a": .string("b")])])
    XCTAssertEqual(configuration.keys.unknown, ["my_own_key"])
    XCTAssertTrue(Set(configuration.keys.ignored).isSuperset(of: ["rms_norm_eps", "auto_map"]))
    XCTAssertTrue(Set(configuration.keys.read).isSuperset(of: ["hidden_size", "head_dim", "attention_bias"]))
    XCTAssertTrue(
      Set(configuration.keys.read).isDisjoint(with: configuration.keys.ignored + configuration.keys.unknown))
  }

  func testWhatIsReadMayBeSetAndNothingElse() throws {
    func set(_ key: String, _ value: JSONValue) throws -> ModelConfiguration {
      try ModelConfiguration(
        JSONValue.parse(Data(Self.qwen3.utf8), file: "config.json"), name: "test", file: "config.json",
        overrides: [ConfigurationOverride(key: key, value: value)])
    }
    XCTAssertEqual(try set("head_dim", .integer(64)).model.dense.headDim, 64)
    for key in ["rms_norm_eps", "my_own_key", "ffn_dim"] { XCTAssertThrowsError(try set(key, .integer(1)), key) }
  }
}
