import Foundation
import RooflineCore
import TestSupport
import XCTest

/// OPT's and GPT-NeoX's config.json.
final class PlainConfigurationTests: XCTestCase {
  private let opt = """
    {"architectures": ["OPTForCausalLM"], "hidden_size": 64, "ffn_dim": 96, "num_hidden_layers": 2,
     "num_attention_heads": 8, "vocab_size": 100, "max_position_embeddings": 30, "torch_dtype": "float16"}
    """
  private let neoX = """
    {"architectures": ["GPTNeoXForCausalLM"], "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
     "num_attention_heads": 8, "vocab_size": 100, "max_position_embeddings": 30, "torch_dtype": "float16"}
    """

  private func configuration(_ json: String, _ changes: String = "") throws -> ModelConfiguration {
    let text = changes.isEmpty ? json : String(json.dropLast()) + ", \(changes)}"
    let value = try JSONValue.parse(Data(text.utf8), file: "config.json")
    return try ModelConfiguration(value, name: "test", file: "config.json")
  }

  private func layer(_ model: DecoderModel) throws -> PlainLayer {
    try XCTUnwrap(PlainLayer(model), "other layers")
  }

  /// Sizes of the published checkpoints: hidden, MLP, layers, heads, vocabulary.
  func testPublishedParameterCounts() throws {
    func opt(_ hidden: Int, _ layers: Int, _ heads: Int) -> String {
      """
      {"architectures": ["OPTForCausalLM"], "hidden_size": \(hidden), "ffn_dim": \(4 * hidden), "num_hidden_layers": \(layers),
       "num_attention_heads": \(heads), "vocab_size": 50272, "max_position_embeddings": 2048, "torch_dtype": "float16",
       "word_embed_proj_dim": \(hidden), "do_layer_norm_before": true, "_remove_final_layer_norm": false}
      """
    }
    func neoX(_ hidden: Int, _ layers: Int, _ heads: Int, _ vocabulary: Int) -> String {
      """
      {"architectures": ["GPTNeoXForCausalLM"], "hidden_size": \(hidden), "intermediate_size": \(4 * hidden),
       "num_hidden_layers": \(layers), "num_attention_heads": \(heads), "vocab_size": \(vocabulary), "hidden_act": "gelu_fast",
       "max_position_embeddings": 2048, "torch_dtype": "float16", "rotary_pct": 0.25, "tie_word_embeddings": false}
      """
    }
    let published: [(String, UInt64)] = [
      // OPT-125M, 6.7B, 13B; Pythia-6.9B; GPT-NeoX-20B.
      (opt(768, 12, 12), 125_239_296), (opt(4096, 32, 32), 6_658_473_984), (opt(5120, 40, 40), 12_853_473_280),
      (neoX(4096, 32, 32, 50432), 6_857_302_016), (neoX(6144, 44, 64, 50432), 20_554_567_680),
    ]
    for (json, count) in published {
      XCTAssertEqual(ParameterShape<Count>(try configuration(json).model).count.value, count)
    }
  }

  func testClassDefaultsAreUsedAndListed() throws {
    let first = try configuration(opt)
    XCTAssertTrue(first.model.tieWordEmbeddings)
    let biases = try first.model.dense
    XCTAssertTrue(biases.hasQueryKeyValueBias && biases.hasOutputBias && biases.hasMLPBias)
    XCTAssertEqual(
      try layer(first.model),
      PlainLayer(activation: .relu, positions: .learned(rows: 32), isParallel: false, checkpoint: .opt))
    XCTAssertEqual(
      Set(first.defaults.map(\.key)),
      ["num_key_value_heads", "head_dim", "tie_word_embeddings", "enable_bias", "activation_function"])
    let second = try configuration(neoX)
    XCTAssertFalse(second.model.tieWordEmbeddings)
    let others = try second.model.dense
    XCTAssertTrue(others.hasQueryKeyValueBias && others.hasOutputBias && others.hasMLPBias)
    // A quarter of heads of eight.
    XCTAssertEqual(
      try layer(second.model),
      PlainLayer(activation: .gelu, positions: .rotary(dim: 2), isParallel: true, checkpoint: .gptNeoX))
    XCTAssertEqual(
      Set(second.defaults.map(\.key)),
      [
        "num_key_value_heads", "head_dim", "tie_word_embeddings", "attention_bias", "hidden_act", "rotary_pct",
        "use_parallel_residual",
      ])
  }

  func testWhatTheFileSaysIsUsed() throws {
    let bare = try configuration(opt, "\"enable_bias\": false, \"activation_function\": \"gelu\"").model
    XCTAssertFalse(try bare.dense.hasQueryKeyValueBias || bare.dense.hasOutputBias || bare.dense.hasMLPBias)
    XCTAssertEqual(try layer(bare).activation, .gelu)
    let other = try configuration(
      neoX, "\"use_parallel_residual\": false, \"attention_bias\": false, \"hidden_act\": \"relu\", \"rotary_pct\": 1.0"
    ).model
    XCTAssertFalse(try other.dense.hasQueryKeyValueBias || other.dense.hasOutputBias)
    XCTAssertTrue(try other.dense.hasMLPBias)
    XCTAssertEqual(
      try layer(other),
      PlainLayer(activation: .relu, positions: .rotary(dim: 8), isParallel: false, checkpoint: .gptNeoX))
    // Newer files keep the share with the other facts of the rotary embedding.
    let newer = try configuration(neoX, "\"rope_parameters\": {\"rope_theta\": 1e4, \"partial_rotary_factor\": 0.5}")
    XCTAssertEqual(try layer(newer.model).positions, .rotary(dim: 4))
  }

  /// The key that is refused, or missing, or wrong, stands in the error.
  private func assertRefused(_ json: String, _ changes: String, naming key: String, line: UInt = #line) {
    do {
      _ = try configuration(json, changes)
      XCTFail("\(changes) is read", line: line)
    } catch {
      XCTAssertTrue("\(error)".contains("\"\(key)\""), "\(changes): \(error)", line: line)
    }
  }

  func testOtherVariantsAreRefusedByKey() {
    for (change, key) in [
      ("\"word_embed_proj_dim\": 32", "word_embed_proj_dim"),
      ("\"do_layer_norm_before\": false", "do_layer_norm_before"),
      ("\"layer_norm_elementwise_affine\": false", "layer_norm_elementwise_affine"),
      ("\"_remove_final_layer_norm\": true", "_remove_final_layer_norm"),
      ("\"activation_function\": \"silu\"", "activation_function"),
      ("\"num_key_value_heads\": 2", "num_key_value_heads"),
      ("\"head_dim\": 16", "head_dim"), ("\"use_parallel_residual\": true", "use_parallel_residual"),
      ("\"attention_bias\": true", "attention_bias"),
      ("\"quantization_config\": {\"bits\": 4}", "quantization_config.quant_method"),
    ] {
      assertRefused(opt, change, naming: key)
    }
    for (change, key) in [
      ("\"hidden_act\": \"silu\"", "hidden_act"), ("\"num_key_value_heads\": 2", "num_key_value_heads"),
      ("\"rotary_pct\": 1.5", "rotary_pct"), ("\"rotary_pct\": 0.2", "rotary_pct"),
      ("\"rotary_pct\": 0.5, \"partial_rotary_factor\": 0.25", "partial_rotary_factor"),
      ("\"use_parallel_residual\": \"yes\"", "use_parallel_residual"), ("\"sliding_window\": 128", "sliding_window"),
    ] {
      assertRefused(neoX, change, naming: key)
    }
    for key in ["ffn_dim", "max_position_embeddings", "hidden_size", "vocab_size"] {
      assertRefused(opt, "\"\(key)\": null", naming: key)
    }
    assertRefused(neoX, "\"intermediate_size\": null", naming: "intermediate_size")
  }

  /// Names and shapes as in the checkpoints' own files.
  func testTensorsAsPublished() throws {
    func shapes(_ name: String, degree: UInt64 = 1) throws -> [String: [UInt64]] {
      let model = try Fixtures.catalog.model(name).model
      let list = try WeightList(model, name: name, tensorParallel: degree, formats: NumberFormats(.fp16))
      return Dictionary(uniqueKeysWithValues: list.entries.map { ($0.name.full, $0.dimensions) })
    }
    let opt = try shapes("opt-6.7b")
    XCTAssertEqual(opt.count, 32 * 16 + 4)
    XCTAssertEqual(opt["model.decoder.embed_positions.weight"], [2050, 4096])
    XCTAssertEqual(opt["model.decoder.layers.31.fc1.weight"], [16384, 4096])
    XCTAssertEqual(opt["model.decoder.layers.0.self_attn.out_proj.bias"], [4096])
    XCTAssertNil(opt["lm_head.weight"])
    let pythia = try shapes("pythia-6.9b")
    XCTAssertEqual(pythia.count, 32 * 12 + 4)
    XCTAssertEqual(pythia["gpt_neox.layers.7.attention.query_key_value.weight"], [12288, 4096])
    XCTAssertEqual(pythia["gpt_neox.layers.7.mlp.dense_4h_to_h.bias"], [4096])
    XCTAssertEqual(pythia["embed_out.weight"], [50432, 4096])
    let shard = try shapes("pythia-6.9b", degree: 4)
    XCTAssertEqual(shard["gpt_neox.layers.7.attention.query_key_value.weight"], [3072, 4096])
    XCTAssertEqual(shard["gpt_neox.layers.7.mlp.dense_4h_to_h.weight"], [4096, 4096])
    XCTAssertEqual(try shapes("opt-6.7b", degree: 4)["model.decoder.embed_positions.weight"], [2050, 4096])
  }
}
