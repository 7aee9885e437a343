import Foundation
import TestSupport
import XCTest
import roofline

/// What `show` says of a model, for machines. Golden numbers are published parameter counts and sums typed by hand.
final class ShowCommandTests: CommandTestCase {
  private func object(_ value: Any?) throws -> [String: Any] { try XCTUnwrap(value as? [String: Any]) }

  /// A model's folder with a config.json.
  private func model(_ configuration: [String: Any]) throws -> String {
    let folder = try temporaryFolder()
    try JSONSerialization.data(withJSONObject: configuration).write(to: folder.appendingPathComponent("config.json"))
    return folder.path
  }

  private func qwen3() throws -> String {
    try model([
      "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072,
      "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
      "vocab_size": 151_936, "tie_word_embeddings": true, "torch_dtype": "bfloat16", "hidden_act": "silu",
      "attention_bias": false, "max_position_embeddings": 40_960,
    ])
  }

  /// Mistral-7B-v0.1, whose window is in force.
  private func windowed() throws -> String {
    try model([
      "architectures": ["MistralForCausalLM"], "model_type": "mistral", "hidden_size": 4096,
      "intermediate_size": 14_336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
      "vocab_size": 32_000, "tie_word_embeddings": false, "torch_dtype": "bfloat16", "hidden_act": "silu",
      "max_position_embeddings": 32_768, "sliding_window": 4096,
    ])
  }

  func testParametersWithAndWithoutGatheredTables() throws {
    for (name, total, withoutEmbedding) in [
      ("llama-3.1-8b", 8_030_261_248, 7_504_924_672), ("llama-2-7b", 6_738_415_616, 6_607_343_616),
      ("qwen2.5-7b", 7_615_616_512, 7_070_619_136),
      // The model card: 0.6 B, 0.44 B without embedding; the head's table is the embedding's.
      (try qwen3(), 596_049_920, 440_467_456),
      // Without 50,272 × 4,096 of tokens and 2,050 × 4,096 of positions.
      ("opt-6.7b", 6_658_473_984, 6_444_163_072),
    ] {
      let parameters = try object(json("show \(name)")["parameters"])
      XCTAssertEqual(parameters["total"] as? Int, total, name)
      XCTAssertEqual(parameters["active"] as? Int, total, name)
      XCTAssertEqual(parameters["activeWithoutEmbedding"] as? Int, withoutEmbedding, name)
      XCTAssertEqual(parameters["buffers"] as? Int, 0, name)
      for part in ["draft", "draftActive", "draftBuffers", "vision"] { XCTAssertTrue(parameters[part] is NSNull, name) }
      for reason in ["draftReason", "visionReason"] { XCTAssertTrue(parameters[reason] is String, name) }
      XCTAssertEqual(parameters.count, 10, name)
    }
  }

  func testTheCacheOfFullAndOfWindowedLayers() throws {
    for (name, bytes) in [("llama-3.1-8b", 131_072), ("llama-2-7b", 524_288), (try qwen3(), 114_688)] {
      let cache = try object(json("show \(name)")["cache"])
      XCTAssertEqual(cache["bytesPerToken"] as? Int, bytes, name)
      XCTAssertEqual((cache["windows"] as? [Any])?.count, 0, name)
    }
    // 32 layers × 8 heads × 128 × 2 × 2 bytes, at most 4,096 tokens of them.
    let cache = try object(json("show \(windowed())")["cache"])
    XCTAssertEqual(cache["bytesPerToken"] as? Int, 0)
    let windows = try XCTUnwrap(cache["windows"] as? [[String: Any]])
    XCTAssertEqual(windows.count, 1)
    XCTAssertEqual(windows.first?["bytesPerToken"] as? Int, 131_072)
    XCTAssertEqual(windows.first?["tokens"] as? Int, 4096)
    XCTAssertEqual(windows.first?["kind"] as? String, "window")
  }

  func testWhatTheFileLeavesOutIsAssumedWithAReason() throws {
    let path = try model([
      "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
      "num_attention_heads": 4, "vocab_size": 100,
    ])
    let keys = try object(json("show \(path)")["keys"])
    let assumed = try XCTUnwrap(keys["assumed"] as? [[String: String]])
    XCTAssertTrue(assumed.contains { $0["key"] == "num_key_value_heads" && $0["value"] == "4" }, "\(assumed)")
    XCTAssertTrue(assumed.allSatisfy { $0["reason"]?.isEmpty == false }, "\(assumed)")
  }

  // MARK: keys that nobody knows

  private func strange() throws -> String {
    try model([
      "architectures": ["LlamaForCausalLM"], "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
      "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 1000, "torch_dtype": "bfloat16",
      "zzz_unheard_of": 3, "qqq_as_well": true,
    ])
  }

  /// A run of each command that reads a model, on one that is given.
  private func runs(_ model: String) -> [String: String] {
    let run = "--model \(model) --hardware h100-sxm --prompt 8"
    return [
      "analyze": run, "explain": "\(run) --operator q_proj", "footprint": run, "sensitivity": run, "sweep": run,
      "plot": run,
      "report": run,
      "diff": "--conventions notes-003,exact \(run)", "shapes": "--model \(model)", "show": model,
      "mfu": "--model \(model) --hardware h100-sxm --step-time 9 --global-batch 64 --sequence 4096 --devices 64",
    ]
  }

  func testStrictRefusesAKeyThatNobodyKnowsByItsName() throws {
    let path = try strange()
    for (command, line) in runs(path) {
      let refused = roofline("\(command) \(line) --strict")
      XCTAssertEqual(refused.exitCode, 1, command)
      XCTAssertEqual(refused.output, "", command)
      XCTAssertTrue(refused.errors.contains("`qqq_as_well`, `zzz_unheard_of`"), refused.errors)
      XCTAssertEqual(refused.errors.count { $0 == "\n" }, 1, refused.errors)
    }
    let observations = try temporaryFolder().appendingPathComponent("o.csv").path
    try "gpu,family,source,timing,dtype,kind,op,rows,width,time_us\nh100-sxm,vllm,t,graph,bf16,row,rmsnorm,1,2048,3\n"
      .write(toFile: observations, atomically: true, encoding: .utf8)
    for line in [
      "compare --observations \(observations) --model \(path) --prompt 8", "measure --model \(path) --prompt 8",
    ] {
      let refused = roofline("\(line) --strict")
      XCTAssertEqual(refused.exitCode, 1, line)
      XCTAssertTrue(refused.errors.contains("`zzz_unheard_of`"), refused.errors)
    }
  }

  func testEveryCommandWithAModelCanBeStrict() {
    let known = Set(runs("x").keys).union(["compare", "measure", "import"])
    for command in Tool.commands.map({ $0.description }) {
      let names = Set(command.options.map(\.name))
      XCTAssertEqual(names.contains("strict"), known.contains(command.name), command.name)
      if names.contains("model") { XCTAssertTrue(names.contains("strict"), command.name) }
    }
  }

  func testStrictChangesNothingWhereEveryKeyIsKnown() {
    for (command, line) in runs("llama-3.2-1b") {
      // A page repeats the command that it was made by.
      var strict = roofline("\(command) \(line) --strict")
      strict.output = strict.output.replacing(" --strict", with: "")
      XCTAssertEqual(strict, roofline("\(command) \(line)"), command)
    }
  }

  func testWithoutStrictANoteNamesTheKeys() throws {
    let path = try strange()
    for (command, line) in runs(path) {
      // A picture has its notes on standard error.
      let outcome = roofline("\(command) \(line)")
      XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
      let text = (outcome.output + outcome.errors).split { $0.isWhitespace }.joined(separator: " ")
      XCTAssertTrue(text.contains("qqq_as_well, zzz_unheard_of"), "\(command): \(text)")
    }
    let notices = try XCTUnwrap(json("analyze \(runs(path)["analyze"] ?? "")")["notices"] as? [String])
    XCTAssertEqual(notices.count { $0.contains("zzz_unheard_of") }, 1)
    let keys = try object(json("show \(path)")["keys"])
    XCTAssertEqual(keys["unknown"] as? [String], ["qqq_as_well", "zzz_unheard_of"])
  }

  func testWhoMeasuresAModelIsToldItsUnknownKeysToo() throws {
    let path = try model([
      "architectures": ["LlamaForCausalLM"], "hidden_size": 128, "intermediate_size": 64, "num_hidden_layers": 2,
      "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 64, "torch_dtype": "bfloat16",
      "zzz_unheard_of": 3,
    ])
    let fake = try FakeGPU()
    var environment = fake.environment
    environment["ROOFLINE_HOME"] = Fixtures.packageRoot
    let file = try temporaryFolder().appendingPathComponent("step.json").path
    let line = "measure --model \(path) --prompt 2 --phase decode --output \(file)"
    for (format, isPage) in [("text", true), ("csv", false)] {
      let outcome = roofline(
        "\(line)\(isPage ? "" : " --resume") --format \(format)", Surroundings(environment: environment))
      XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
      XCTAssertEqual(outcome.output.contains("zzz_unheard_of"), isPage, outcome.output)
      XCTAssertEqual(outcome.errors.contains("zzz_unheard_of"), !isPage, outcome.errors)
    }
  }

  func testStrictIsRefusedWhereNoModelIsRead() {
    for line in ["show h100-sxm --strict", "measure --kernel rmsnorm rows=2 width=64 --dtype fp16 --strict"] {
      XCTAssertEqual(roofline(line).exitCode, 64, line)
    }
  }
}
