import Foundation
import TestSupport
import XCTest
import roofline

/// Every given config.json against `Tests/Oracle/families.py`: a second count in another language, written from the contract of
/// families alone. Parameters, caches, and the nine counts of each row, summed over layers.
final class FamilyOracleTests: CommandTestCase {
  /// Files whose model is counted. A file that is new in the folder is named here or below.
  private static let counted = [
    "MiniMaxAI--MiniMax-M2.5", "MiniMaxAI--MiniMax-M3", "Qwen--Qwen3-0.6B", "Qwen--Qwen3-30B-A3B",
    "Qwen--Qwen3-30B-A3B-FP8", "Qwen--Qwen3-32B",
    "Qwen--Qwen3-VL-8B-Instruct", "Qwen--Qwen3.5-27B", "Qwen--Qwen3.5-35B-A3B", "XiaomiMiMo--MiMo-7B-Base",
    "XiaomiMiMo--MiMo-V2-Flash", "codellama-34b-instruct-hf", "deepseek-ai--DeepSeek-V3", "deepseek-ai--DeepSeek-V3.2",
    "deepseek-ai--DeepSeek-V4-Flash", "google--gemma-4-26B-A4B", "llama-2-7b-hf",
    "meta-llama--Llama-4-Scout-17B-16E-Instruct", "meta-llama--Meta-Llama-3.1-405B", "meta-llama--Meta-Llama-3.1-8B",
    "mistral-nemo-instruct-2407", "mistralai--Mixtral-8x7B-v0.1", "moonshotai--Kimi-K2.5", "moonshotai--Kimi-K3",
    "nvidia--DeepSeek-V4-Flash-NVFP4", "nvidia--Llama-3.1-70B-Instruct-FP8", "nvidia--Llama-3_3-Nemotron-Super-49B-v1",
    "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "nvidia--Nemotron-H-56B-Base-8K", "openai--gpt-oss-120b",
    "openai--gpt-oss-20b", "qwen2.5-7b-instruct", "sim--deepseek-v2-lite", "stepfun-ai--Step-3.7-Flash",
    "zai-org--GLM-5", "zai-org--GLM-5-FP8", "zai-org--GLM-5.2",
  ]
  /// Files that are refused: formats without a model.
  private static let refused = ["nvidia--Llama-3.1-70B-Instruct-FP8.hf_quant_config"]

  func testEveryGivenFileIsExpectedToBeReadOrRefused() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: configurations()).filter { $0.hasSuffix(".json") }
    XCTAssertEqual(files.map { String($0.dropLast(5)) }.sorted(), (Self.counted + Self.refused).sorted())
    for name in Self.refused {
      let outcome = roofline("show \(try configurations())/\(name).json")
      XCTAssertNotEqual(outcome.exitCode, 0, "\(name) is read: name it among the counted ones")
      XCTAssertTrue(outcome.errors.hasPrefix("roofline: ") && outcome.errors.contains(name), outcome.errors)
    }
  }

  func testTheSecondCountMeetsPublishedFigures() throws {
    let answer = try Oracle.run(python(), ["families.py", "golden", configurations()], folder: temporaryFolder())
    XCTAssertEqual(answer.output, "all golden figures are met\n")
  }

  func testASecondCountOfEveryGivenFileGetsTheSameNumbers() throws {
    let folder = try configurations()
    try compare(Self.counted.map { "\(folder)/\($0).json" }, atLeast: 30_000)
  }

  /// Members of the families that the given files are not: other lists of layers, sizes and switches.
  func testASecondCountOfTheirRelativesGetsTheSameNumbers() throws {
    let folder = try temporaryFolder()
    let files = try Self.relatives.enumerated().map { index, relative in
      var configuration = try object("\(try configurations())/\(relative.file).json")
      for (path, value) in relative.changes {
        let keys = path.split(separator: ".").map(String.init)
        if keys.count == 1 {
          configuration[keys[0]] = value
        } else {
          var part = try XCTUnwrap(configuration[keys[0]] as? [String: Any])
          part[keys[1]] = value
          configuration[keys[0]] = part
        }
      }
      let file = folder.appendingPathComponent("\(index)-\(relative.file).json")
      try JSONSerialization.data(withJSONObject: configuration).write(to: file)
      return file.path
    }
    try compare(files, atLeast: 15_000)
  }

  private struct Relative {
    let file: String
    /// What stands in the file instead; nil: nothing.
    let changes: [String: Any?]
  }

  private static var relatives: [Relative] {
    [
      Relative(file: "zai-org--GLM-5.2", changes: ["indexer_types": Any?.none]),
      Relative(
        file: "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
        changes: [
          "hybrid_override_pattern": Any?.none, "num_hidden_layers": Any?.none, "moe_latent_size": 1024,
          "layers_block_type": ["mamba", "moe", "attention", "moe", "mamba", "mamba", "moe"],
        ]),
      Relative(
        file: "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
        changes: [
          "n_groups": 2, "hybrid_override_pattern": "M-*E", "num_hidden_layers": 4, "use_conv_bias": false,
        ]),
      Relative(
        file: "deepseek-ai--DeepSeek-V4-Flash",
        changes: [
          "num_hidden_layers": 6, "compress_ratios": [4, 128, 0, 4, 128, 4, 0], "num_hash_layers": 1, "o_groups": 16,
          "hc_mult": 2, "sliding_window": 64,
        ]),
      Relative(
        file: "meta-llama--Llama-4-Scout-17B-16E-Instruct",
        changes: [
          "text_config.interleave_moe_layer_step": 2, "text_config.num_local_experts": 128,
          "text_config.use_qk_norm": false, "text_config.attention_chunk_size": 100,
        ]),
      Relative(
        file: "google--gemma-4-26B-A4B",
        changes: ["text_config.enable_moe_block": false, "text_config.num_experts": Any?.none]),
      Relative(file: "google--gemma-4-26B-A4B", changes: ["text_config.sliding_window": 77]),
      Relative(
        file: "Qwen--Qwen3.5-27B",
        changes: ["text_config.layer_types": Any?.none, "text_config.full_attention_interval": Any?.none]),
      Relative(
        file: "Qwen--Qwen3.5-35B-A3B", changes: ["tie_word_embeddings": true, "text_config.linear_num_value_heads": 64]),
      Relative(file: "Qwen--Qwen3-30B-A3B", changes: ["mlp_only_layers": [0, 1], "decoder_sparse_step": 2]),
      Relative(file: "mistralai--Mixtral-8x7B-v0.1", changes: ["sliding_window": 200]),
      Relative(
        file: "deepseek-ai--DeepSeek-V3",
        changes: ["q_lora_rank": NSNull(), "first_k_dense_replace": 0, "n_shared_experts": NSNull()]),
      Relative(file: "deepseek-ai--DeepSeek-V3.2", changes: ["index_topk": 64]),
      Relative(
        file: "moonshotai--Kimi-K3",
        changes: [
          "text_config.latent_moe_use_norm": false, "text_config.attn_res_block_size": Any?.none,
          "text_config.routed_expert_hidden_size": Any?.none, "text_config.num_shared_experts": 1,
        ]),
      Relative(
        file: "openai--gpt-oss-20b",
        changes: [
          "layer_types": [String](repeating: "full_attention", count: 24), "num_experts_per_tok": 2,
          "experts_per_token": 2,
        ]),
      Relative(
        file: "XiaomiMiMo--MiMo-V2-Flash",
        changes: [
          "add_full_attention_sink_bias": true, "moe_layer_freq": (0..<48).map { $0 % 2 },
        ]),
      Relative(
        file: "meta-llama--Meta-Llama-3.1-8B",
        changes: ["attention_bias": true, "mlp_bias": true, "head_dim": Any?.none]),
      Relative(file: "mistral-nemo-instruct-2407", changes: ["sliding_window": 200]),
      Relative(
        file: "stepfun-ai--Step-3.7-Flash", changes: ["first_k_dense_replace": 44, "sliding_window": 100]),
      Relative(file: "MiniMaxAI--MiniMax-M2.5", changes: ["rotary_dim": 32, "num_local_experts": 16]),
      Relative(file: "sim--deepseek-v2-lite", changes: ["q_lora_rank": 1536]),
    ]
  }

  // MARK: - Runs of both counts

  private struct Shape {
    let batch, prompt, context, degree: Int
    var prefix = 0
    /// Bytes of weights, inputs of products, cache, activations; and the options that say so.
    let sizes: [Int]
    let options: String
  }

  private static let shapes = [
    Shape(batch: 2, prompt: 300, context: 301, degree: 1, sizes: [2, 2, 2, 2], options: "--operators separate"),
    Shape(batch: 1, prompt: 2500, context: 9001, degree: 1, sizes: [2, 2, 2, 2], options: "--operators separate"),
    Shape(batch: 1, prompt: 2500, context: 9001, degree: 1, sizes: [2, 2, 2, 2], options: "--operators fused"),
    Shape(
      batch: 3, prompt: 130, context: 17_000, degree: 4, sizes: [1, 2, 1, 2],
      options: "--operators separate --weight-dtype fp8 --kv-dtype fp8"),
    Shape(
      batch: 3, prompt: 130, context: 17_000, degree: 4, sizes: [1, 2, 1, 2],
      options: "--operators fused --weight-dtype fp8 --kv-dtype fp8"),
    Shape(
      batch: 2, prompt: 150, context: 9300, degree: 1, prefix: 9001, sizes: [2, 2, 2, 2],
      options: "--operators separate --cached-prefix 9001"),
    Shape(
      batch: 2, prompt: 150, context: 9300, degree: 1, prefix: 9001, sizes: [2, 2, 2, 2],
      options: "--operators fused --cached-prefix 9001"),
  ]

  /// Runs the tool on these files, and the other count on its answers.
  private func compare(_ files: [String], atLeast values: Int) throws {
    let python = try python()
    let folder = try temporaryFolder()
    var cases: [[String: Any]] = []
    func answer(_ line: String) throws -> String {
      let outcome = roofline("\(line) --format json")
      XCTAssertEqual(outcome.exitCode, 0, "\(line): \(outcome.errors)")
      let file = folder.appendingPathComponent("\(cases.count).json")
      try outcome.output.write(to: file, atomically: true, encoding: .utf8)
      return file.path
    }
    for file in files {
      cases.append(["config": file, "show": try answer("show \(file)")])
      for shape in Self.shapes {
        let line =
          "analyze --model \(file) --hardware h100-sxm --dtype bf16 --batch \(shape.batch) --prompt \(shape.prompt) "
          + "--context \(shape.context) --tp \(shape.degree) \(shape.options)"
        cases.append([
          "config": file, "analyze": try answer(line), "batch": shape.batch, "prompt": shape.prompt,
          "prefix": shape.prefix,
          "context": shape.context, "tp": shape.degree, "sizes": shape.sizes,
        ])
      }
    }
    let list = folder.appendingPathComponent("cases.json")
    try JSONSerialization.data(withJSONObject: cases).write(to: list)
    let answer = try Oracle.run(python, ["families.py", "check", list.path], folder: folder)
    XCTAssertEqual(answer.status, 0, String(answer.output.prefix(3000)))
    let last = answer.output.split(separator: "\n").last ?? ""
    XCTAssertGreaterThan(Int(last.prefix { $0.isNumber }) ?? 0, values, String(last))
  }

  private func object(_ path: String) throws -> [String: Any] {
    // Foundation reads no Infinity; none of the files here has one.
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any], path)
  }

  private func configurations() throws -> String {
    guard let shared = Fixtures.shared else {
      XCTAssertFalse(Fixtures.isCI, "CI has the shared data")
      throw XCTSkip("no config files beside the package")
    }
    return "\(shared)/configs"
  }

  private func python() throws -> String {
    guard let python = Oracle.python else {
      XCTAssertFalse(Fixtures.isCI, "CI must have python3 for the oracle")
      throw XCTSkip("python3, which the oracle needs, is not installed")
    }
    return python
  }
}
