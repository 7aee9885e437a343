import Foundation
import TestSupport
import XCTest
import roofline

/// Whatever is wrong gets one sentence on standard error, nothing on standard output, and the right exit code.
final class BadInputTests: CommandTestCase {
  private func assertRefused(
    _ command: String, exitCode: Int32, naming words: [String], file: StaticString = #filePath, line: UInt = #line
  ) {
    let outcome = roofline(command)
    XCTAssertEqual(outcome.exitCode, exitCode, "\(command): \(outcome.errors)", file: file, line: line)
    XCTAssertEqual(outcome.output, "", command, file: file, line: line)
    XCTAssertEqual(
      outcome.errors.filter { $0 == "\n" }.count, 1, "\(command): \(outcome.errors)", file: file, line: line)
    for word in words {
      XCTAssertTrue(
        outcome.errors.contains(word), "\(command): \"\(word)\" not in \(outcome.errors)", file: file, line: line)
    }
  }

  func testWrongArguments() {
    let run = "analyze --model llama-2-70b --hardware h100-sxm"
    let cases: [(String, [String])] = [
      ("", ["no command", "analyze"]),
      ("analize", ["did you mean analyze"]),
      ("analyze", ["--model is missing"]),
      ("analyze --model llama-2-70b", ["--hardware is missing"]),
      (run, ["--prompt is missing"]),
      ("analyze --model llama-2-70 --hardware h100-sxm --prompt 1", ["llama-2-70b"]),
      ("analyze --model llama-2-70b --hardware h100sxm --prompt 1", ["h100-sxm"]),
      ("\(run) --prompt 1 --tp 7", ["--tp 7", "1, 2, 4, 8, 16, 32, 64"]),
      ("\(run) --prompt 1 --tp 128", ["1, 2, 4, 8, 16, 32, 64"]),
      ("\(run) --prompt 0", ["--prompt", "at least 1"]),
      ("\(run) --prompt -5", ["--prompt", "at least 1"]),
      ("\(run) --prompt 1 --batch 0", ["--batch", "at least 1"]),
      ("\(run) --prompt 1 --batch 1.5", ["--batch", "whole number"]),
      ("\(run) --prompt 1 --context 0", ["--context"]),
      ("\(run) --prompt 99999999999999999999", ["--prompt", "2^63"]),
      ("\(run) --prompt 1 --bach 2", ["--bach", "--batch"]),
      ("\(run) --prompt 1 --batch", ["--batch needs a value"]),
      ("\(run) --prompt 1 --prompt 2", ["twice"]),
      ("\(run) --prompt 1 extra", ["extra"]),
      ("\(run) --prompt 1 --dtype fp99", ["fp99", "fp8"]),
      ("\(run) --prompt 1 --phase encode", ["encode", "decode"]),
      ("\(run) --prompt 1 --operators some", ["separate", "fused"]),
      ("\(run) --prompt 1 --overlap none", ["max", "sum"]),
      ("\(run) --prompt 1 --format xml", ["text, markdown, csv, json"]),
      ("\(run) --prompt 1 --columns few", ["fit or all"]),
      ("\(run) --prompt 1 --efficiency 0", ["--efficiency", "above 0"]),
      ("\(run) --prompt 1 --efficiency 1.1", ["--efficiency", "up to 1"]),
      ("\(run) --prompt 1 --memory-efficiency nan", ["--memory-efficiency"]),
      ("\(run) --prompt 1 --peak -1", ["--peak", "above 0"]),
      ("\(run) --prompt 1 --bandwidth inf", ["--bandwidth"]),
      ("\(run) --prompt 1 --set hidden_size", ["key=value"]),
      ("\(run) --prompt 1 --set hiden_size=8192", ["hiden_size", "hidden_size"]),
      ("\(run) --prompt 1 --set hidden_size=-1", ["--set hidden_size", "at least 1"]),
      ("\(run) --prompt 1 --set hidden_size=81.5", ["--set hidden_size", "whole number"]),
      ("explain --operator qproj --model llama-2-70b --hardware h100-sxm --prompt 1", ["q_proj"]),
      ("explain --operator qkv_proj --model llama-2-70b --hardware h100-sxm --prompt 1", ["separate"]),
      ("explain --model llama-2-70b --hardware h100-sxm --prompt 1", ["--operator is missing"]),
      ("kernel gemm m=1 n=2 k=3 --hardware l4", ["--dtype is missing"]),
      ("kernel gemm m=1 n=2 --dtype fp16 --hardware l4", ["k=NUMBER"]),
      ("kernel gemm m=1 n=2 k=0 --dtype fp16 --hardware l4", ["k=0"]),
      ("kernel gemm m=1 n=2 k=3 q=4 --dtype fp16 --hardware l4", ["\"q\""]),
      ("kernel gemm m=1 m=2 n=2 k=3 --dtype fp16 --hardware l4", ["twice"]),
      ("kernel gemm m=1 n=2 k=3 block=12 --dtype fp16 --hardware l4", ["128x128"]),
      ("kernel gem m=1 --dtype fp16 --hardware l4", ["gemm"]),
      ("kernel row rows=1 width=2 --dtype fp16 --hardware l4", ["op="]),
      ("kernel attention query=9 context=8 heads=1 head_dim=64 --dtype fp16 --hardware l4", ["context=8"]),
      ("kernel attention query=4 heads=6 kv_heads=4 head_dim=64 --dtype fp16 --hardware l4", ["kv_heads=4"]),
      ("kernel attention phase=decode query=2 context=8 heads=1 head_dim=64 --dtype fp16 --hardware l4", ["query=1"]),
      ("kernel all_reduce ranks=1 bytes=8 --hardware h100-sxm", ["ranks=2"]),
      ("kernel gemm m=1 n=2 k=3 --dtype fp16", ["--hardware is missing"]),
      ("list modles", ["models"]),
      ("list", ["list models|hardware"]),
      ("show nothing-like-it", ["nothing-like-it"]),
    ]
    for (command, words) in cases { assertRefused(command, exitCode: 64, naming: words) }
  }

  func testMissingFacts() {
    let cases: [(String, [String])] = [
      ("analyze --model llama-2-70b --hardware h100-sxm --prompt 1 --dtype fp4", ["fp4", "--peak", "--dtype"]),
      ("analyze --model llama-2-70b --hardware t4 --prompt 1 --dtype bf16", ["bf16", "t4"]),
      ("kernel all_reduce ranks=8 bytes=1024 --hardware l40s", ["link", "--link"]),
      ("kernel all_reduce ranks=4 bytes=1024 --hardware h100-pcie", ["joins 2 GPUs", "--link"]),
    ]
    for (command, words) in cases { assertRefused(command, exitCode: 1, naming: words) }
  }

  /// Counts need no rate: a file that knows only its memory gives them, and a dash for every time.
  func testWhatNeedsARateThatNobodyWroteDownIsADash() throws {
    let run = "analyze --model llama-3.2-1b --prompt 128 --hardware"
    func phases(_ hardware: String) throws -> [[String: Any]] {
      try XCTUnwrap(try json("\(run) \(hardware)")["phases"] as? [[String: Any]])
    }
    for (bare, known) in zip(try phases("orion-b1-gpu-small"), try phases("h100-sxm")) {
      let rows = try zip(
        XCTUnwrap(bare["operators"] as? [[String: Any]]), XCTUnwrap(known["operators"] as? [[String: Any]]))
      for (bare, known) in rows {
        XCTAssertEqual(bare["flops"] as? [String: Int], known["flops"] as? [String: Int])
        XCTAssertEqual(bare["bytes"] as? [String: Int], known["bytes"] as? [String: Int])
        XCTAssertEqual(bare["arithmeticIntensity"] as? Double, known["arithmeticIntensity"] as? Double)
        for key in ["timeSeconds", "bound", "attainableFLOPsPerSecond"] {
          XCTAssertTrue(bare[key] is NSNull, "\(bare["name"] ?? "") \(key)")
          XCTAssertFalse(known[key] is NSNull, "\(bare["name"] ?? "") \(key)")
        }
      }
    }
    let outcome = roofline("\(run) orion-b1-gpu-small")
    XCTAssertTrue(
      outcome.errors.contains("no memory bandwidth") && outcome.errors.contains("--bandwidth"), outcome.errors)
    let kernel = roofline("kernel gemm m=16 n=32 k=64 --dtype fp16 --hardware orion-b1-gpu-small")
    XCTAssertEqual(kernel.exitCode, 0)
    XCTAssertTrue(
      kernel.output.contains("65.54 K") && kernel.output.contains("note     times that need it"), kernel.output)
  }

  func testRatesAreReadAsPeopleWriteThem() throws {
    let run = "kernel gemm m=16 n=8192 k=1024 --dtype fp16 --hardware a100-sxm4-80gb"
    let plain = output("\(run) --bandwidth 1.5e12 --peak 300e12")
    for (bandwidth, peak) in [("1.5TB/s", "300TFLOP/s"), ("1500GB", "0.3P"), ("1.5T", "300TFLOP")] {
      XCTAssertEqual(output("\(run) --bandwidth \(bandwidth) --peak \(peak)"), plain)
    }
    for rate in ["1.5Tb/s", "TB/s", "1.5e3TB/s", "1.5TFLOP/s", "-2TB/s", "2 TB/s/s"] {
      let outcome = Tool.run(run.split(separator: " ").map(String.init) + ["--bandwidth", rate], Surroundings())
      XCTAssertEqual(outcome.exitCode, 64, rate)
      XCTAssertTrue(outcome.errors.contains("--bandwidth"), outcome.errors)
    }
  }

  func testABoardJoinsAsManyAsAreStated() throws {
    let run = "analyze --model llama-2-70b --hardware h100-sxm --prompt 64 --tp 16"
    XCTAssertTrue(output(run).contains("16 GPUs talk at the rate of one board's link"))
    let joined = output("\(run) --board 16")
    XCTAssertFalse(joined.contains("one board's link"))
    let apart = roofline("\(run) --board 8")
    XCTAssertTrue(apart.errors.contains("joins 8 GPUs, not 16"), apart.errors)
    XCTAssertTrue(apart.output.split(separator: "\n").contains { $0.hasPrefix("attn_all_reduce") && $0.hasSuffix("–") })
    assertRefused("\(run) --board 8 --link 50e9", exitCode: 64, naming: ["--link", "--board"])
  }

  func testCountsBeyond63BitsAreSaidNotWrapped() {
    for command in [
      "analyze --model llama-2-70b --hardware h100-sxm --prompt 9223372036854775806",
      "analyze --model llama-2-70b --hardware h100-sxm --batch 9223372036854775807 --prompt 9223372036854775806",
      "kernel gemm m=4000000000 n=4000000000 k=4000000000 --dtype fp16 --hardware h100-sxm",
      "kernel attention query=9223372036854775807 heads=1 head_dim=1 --dtype fp16 --hardware h100-sxm",
    ] {
      assertRefused(command, exitCode: 1, naming: ["2^63"])
    }
  }

  // MARK: files

  private func assertFileRefused(
    _ content: String, as name: String = "model.json", with command: String? = nil, naming words: [String],
    file: StaticString = #filePath, line: UInt = #line
  ) throws {
    let path = try temporaryFolder().appendingPathComponent(name).path
    try content.write(toFile: path, atomically: true, encoding: .utf8)
    assertRefused(
      command.map { "\($0) \(path)" } ?? "analyze --hardware h100-sxm --prompt 8 --model \(path)", exitCode: 1,
      naming: [path] + words, file: file, line: line)
  }

  private func llama(_ changes: [String: Any?]) throws -> String {
    try config("llama-2-7b", changes)
  }

  private func config(_ name: String, _ changes: [String: Any?]) throws -> String {
    let data = try Data(contentsOf: URL(fileURLWithPath: "Models/\(name).json"))
    var object = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
    for (key, value) in changes { object[key] = value }
    return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
  }

  func testARepeatedKeyIsRefused() throws {
    let whole = try llama([:])
    try assertFileRefused(
      String(whole.dropLast()) + ", \"hidden_size\": 8}", naming: ["`hidden_size`", "more than once"])
    let nested = String(whole.dropLast()) + ", \"x\": [{\"a\": 1, \"b\": \"a: {\"}, {\"a\": 2}]}"
    let path = try temporaryFolder().appendingPathComponent("nested.json").path
    try nested.write(toFile: path, atomically: true, encoding: .utf8)
    XCTAssertEqual(roofline("analyze --hardware h100-sxm --prompt 8 --model \(path)").exitCode, 0, "in another object")
  }

  func testSlicesOfSlicesEnd() throws {
    let folder = try temporaryFolder()
    func slice(_ name: String, of parent: String) throws -> String {
      let path = folder.appendingPathComponent("\(name).json").path
      try """
      {"name": "\(name)", "slice": {"of": "\(parent)", "streamingMultiprocessors": 1, "capacityBytes": 5e9,
       "bandwidthFraction": 0.5, "l2Fraction": 0.5, "source": "x"}}
      """.write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }
    let own = folder.appendingPathComponent("own.json").path
    for path in [
      try slice("own", of: own), try slice("second", of: "a100-sxm4-40gb-1g.5gb"), try slice("third", of: "nowhere"),
    ] {
      assertRefused("analyze --model llama-2-7b --prompt 8 --hardware \(path)", exitCode: 1, naming: ["slice"])
    }
  }

  func testImplausibleRatesAreRefused() {
    let run = "analyze --model llama-2-7b --hardware h100-sxm --prompt 8"
    // Bytes typed as GB/s, and kB/s; TFLOP/s, and FLOP/ms.
    for rate in ["1e-310", "1e308", "2", "2039", "2039e12"] {
      assertRefused("\(run) --bandwidth \(rate)", exitCode: 64, naming: ["--bandwidth", "B/s"])
    }
    for (option, rate) in [
      ("peak", "989"), ("peak", "989e18"), ("vector-peak", "67"), ("link", "450"), ("link", "450e12"),
    ] {
      assertRefused("\(run) --\(option) \(rate)", exitCode: 64, naming: ["--\(option)", "expected"])
    }
    assertRefused("\(run) --efficiency 1e-320", exitCode: 64, naming: ["--efficiency"])
  }

  func testWhatASettingBreaksIsTheArgumentsFault() {
    for setting in [
      "num_local_experts=8", "sliding_window=4096", "hidden_act=gelu", "hidden_size=null", "num_attention_heads=7",
      "architectures=[\"MixtralForCausalLM\"]",
    ] {
      assertRefused(
        "analyze --model llama-2-7b --hardware h100-sxm --prompt 8 --set \(setting)", exitCode: 64, naming: ["--set"])
    }
  }

  /// Another architecture's key would change nothing, with the setting printed above the table.
  func testSettingAKeyOfAnotherArchitectureIsRefused() {
    for (model, setting, words) in [
      ("opt-6.7b", "intermediate_size=8192", ["OPTForCausalLM", "did you mean ffn_dim"]),
      ("opt-6.7b", "hidden_act=gelu", ["did you mean activation_function"]),
      ("opt-6.7b", "attention_bias=false", ["did you mean enable_bias"]),
      ("opt-6.7b", "rotary_pct=0.5", ["unknown key `rotary_pct`"]),
      ("pythia-6.9b", "mlp_bias=false", ["unknown key `mlp_bias`"]),
      ("pythia-6.9b", "enable_bias=false", ["did you mean attention_bias"]),
      ("llama-2-7b", "ffn_dim=8192", ["LlamaForCausalLM", "did you mean intermediate_size"]),
      ("qwen2-7b", "attention_bias=true", ["unknown key `attention_bias`"]),
      ("mistral-7b", "mlp_bias=false", ["unknown key `mlp_bias`"]),
    ] {
      assertRefused(
        "analyze --model \(model) --hardware h100-sxm --prompt 8 --set \(setting)", exitCode: 64,
        naming: ["--set \(setting.split(separator: "=")[0])"] + words)
    }
    for (model, setting) in [
      ("opt-6.7b", "enable_bias=false"), ("mistral-7b", "sliding_window=4096"),
      ("pythia-6.9b", "use_parallel_residual=false"),
    ] {
      let outcome = roofline("analyze --model \(model) --hardware h100-sxm --prompt 8 --set \(setting)")
      XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    }
  }

  func testModelsTooLargeToCountAreRefusedEverywhere() throws {
    let path = try temporaryFolder().appendingPathComponent("huge.json").path
    try llama(["num_hidden_layers": 1_000_000_000_000_000_000]).write(toFile: path, atomically: true, encoding: .utf8)
    assertRefused("show \(path)", exitCode: 1, naming: ["2^63"])
    assertRefused("analyze --hardware h100-sxm --prompt 8 --model \(path)", exitCode: 1, naming: ["2^63"])
  }

  func testACheckpointIsNotReadAsAConfiguration() throws {
    let path = try temporaryFolder().appendingPathComponent("model.safetensors.json").path
    try Data(count: 5 << 20).write(to: URL(fileURLWithPath: path))
    assertRefused("analyze --hardware h100-sxm --prompt 8 --model \(path)", exitCode: 1, naming: ["4 MiB"])
  }

  func testBrokenFiles() throws {
    let whole = try llama([:])
    try assertFileRefused(String(whole.dropLast(10)), naming: ["ends before"])
    try assertFileRefused("", naming: ["empty"])
    try assertFileRefused("[1, 2]", naming: ["an object"])
    try assertFileRefused("{\"hidden_size\" 8}", naming: ["line 1, column 16"])
    let binary = try temporaryFolder().appendingPathComponent("weights.json")
    try Data([0, 159, 146, 150, 123, 34]).write(to: binary)
    assertRefused("analyze --hardware h100-sxm --prompt 8 --model \(binary.path)", exitCode: 1, naming: ["not text"])
    assertRefused(
      "analyze --hardware h100-sxm --prompt 8 --model ./nowhere.json", exitCode: 1, naming: ["no such file"])
    assertRefused("analyze --hardware h100-sxm --prompt 8 --model ./Hardware", exitCode: 1, naming: ["config.json"])
  }

  func testWrongValuesNameFileKeyAndExpectation() throws {
    try assertFileRefused(try llama(["hidden_size": nil]), naming: ["`hidden_size`", "missing"])
    try assertFileRefused(try llama(["hidden_size": "4096"]), naming: ["`hidden_size`", "\"4096\"", "whole number"])
    try assertFileRefused(try llama(["hidden_size": -4096]), naming: ["`hidden_size`", "-4096"])
    try assertFileRefused(try llama(["hidden_size": 4096.5]), naming: ["`hidden_size`", "4096.5"])
    try assertFileRefused(try llama(["vocab_size": 0]), naming: ["`vocab_size`", "at least 1"])
    try assertFileRefused(try llama(["vocab_size": 1e30]), naming: ["`vocab_size`"])
    try assertFileRefused(try llama(["num_key_value_heads": 5]), naming: ["`num_key_value_heads`", "divisor"])
    try assertFileRefused(try llama(["num_attention_heads": 30, "num_key_value_heads": 30]), naming: ["`head_dim`"])
    try assertFileRefused(try llama(["tie_word_embeddings": "no"]), naming: ["`tie_word_embeddings`", "true or false"])
    try assertFileRefused(try llama(["torch_dtype": "float8"]), naming: ["`torch_dtype`", "--dtype"])
    try assertFileRefused(try llama(["architectures": nil, "model_type": nil]), naming: ["`architectures`"])
    try assertFileRefused(
      try config("mistral-7b", ["num_key_value_heads": nil]), naming: ["`num_key_value_heads`", "missing"])
  }

  func testKeysThatWouldChangeACountAreRefusedByName() throws {
    let refusals: [(String, Any)] = [
      ("num_local_experts", 8), ("num_experts", 64), ("n_routed_experts", 256), ("moe_intermediate_size", 768),
      ("kv_lora_rank", 512), ("layer_types", ["sliding_attention", "full_attention"]),
      ("quantization", ["quant_method": "fp8"]), ("sliding_window", 4096), ("hidden_act", "gelu"),
      ("partial_rotary_factor", 0.5), ("attention_chunk_size", 8192), ("vision_config", ["depth": 27]),
      ("mlp_only_layers", [1]), ("use_mla", true), ("index_topk", 2048), ("sliding_window_pattern", 6),
      ("kv_cache_quant_algo", "FP8"), ("intermediate_sizes", [1, 2]), ("linear_num_value_heads", 4),
      ("attn_output_gate", true),
      ("attn_logit_softcapping", 50.0), ("use_qk_norm", true), ("num_nextn_predict_layers", 1),
    ]
    for (key, value) in refusals { try assertFileRefused(try llama([key: value]), naming: ["`\(key)`"]) }
    try assertFileRefused(try llama(["architectures": ["MixtralForCausalLM"]]), naming: ["MixtralForCausalLM"])
  }

  func testAFileOfFormatsBesideTheModelIsRead() throws {
    let folder = try temporaryFolder()
    try llama([:]).write(to: folder.appendingPathComponent("config.json"), atomically: true, encoding: .utf8)
    XCTAssertEqual(roofline("analyze --hardware h100-sxm --prompt 8 --model \(folder.path)").exitCode, 0)
    try "{}".write(to: folder.appendingPathComponent("hf_quant_config.json"), atomically: true, encoding: .utf8)
    assertRefused(
      "analyze --hardware h100-sxm --prompt 8 --model \(folder.path)", exitCode: 1,
      naming: ["hf_quant_config.json", "`quantization`"])
  }

  private func hardware(_ change: (inout [String: Any]) -> Void) throws -> String {
    let data = try Data(contentsOf: URL(fileURLWithPath: "Hardware/a100-sxm4-80gb.json"))
    var object = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
    change(&object)
    return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
  }

  private func changing(_ block: String, _ key: String, to value: Any?) throws -> String {
    try hardware { object in
      var inner = object[block] as? [String: Any] ?? [:]
      inner[key] = value
      object[block] = inner
    }
  }

  func testHardwareSchemaIsStrict() throws {
    let run = "analyze --model llama-2-7b --prompt 8 --hardware"
    func refuse(_ content: String, _ words: [String], line: UInt = #line) throws {
      try assertFileRefused(content, as: "gpu.json", with: run, naming: words, line: line)
    }
    try refuse(try hardware { $0["memroy"] = 1 }, ["memroy", "memory"])
    try refuse(try hardware { $0["name"] = nil }, ["`name`"])
    try refuse(try changing("memory", "source", to: nil), ["memory.source"])
    try refuse(try changing("memory", "source", to: " "), ["memory.source"])
    try refuse(try changing("memory", "bandwidthBytesPerSecond", to: -1), ["memory.bandwidthBytesPerSecond"])
    try refuse(try changing("memory", "bandwidthBytesPerSecond", to: "2 TB/s"), ["memory.bandwidthBytesPerSecond"])
    try refuse(try changing("memory", "capacityBytes", to: 80.5), ["memory.capacityBytes"])
    try refuse(try changing("compute", "streamingMultiprocessors", to: 0), ["compute.streamingMultiprocessors"])
    try refuse(
      try changing("compute", "tensorFLOPsPerSecond", to: ["fp61": 1e12]), ["compute.tensorFLOPsPerSecond.fp61"])
  }

  func testSparseRateIsRefusedWithTheFigures() throws {
    let run = "analyze --model llama-2-7b --prompt 8 --hardware"
    try assertFileRefused(
      try changing("compute", "tensorFLOPsPerSecond", to: ["fp16": 624e12]), as: "gpu.json", with: run,
      naming: ["compute.tensorFLOPsPerSecond.fp16", "624.00 T", "108 SMs", "1.41 GHz", "2048", "sparsity"])
    try assertFileRefused(
      try changing("compute", "vectorFLOPsPerSecond", to: 39e12), as: "gpu.json", with: run,
      naming: ["compute.vectorFLOPsPerSecond"])
    // 5 % above 108 × 1.41 GHz × 2048 = 311.87 T is 327.46 T.
    let path = try temporaryFolder().appendingPathComponent("gpu.json").path
    try changing("compute", "tensorFLOPsPerSecond", to: ["fp16": 327e12]).write(
      toFile: path, atomically: true, encoding: .utf8)
    XCTAssertEqual(roofline("\(run) \(path)").exitCode, 0)
  }

  func testBeyondMaxPositionsIsAWarning() {
    let outcome = roofline("analyze --model llama-2-70b --hardware h100-sxm --prompt 4097")
    XCTAssertEqual(outcome.exitCode, 0)
    XCTAssertTrue(outcome.errors.contains("max_position_embeddings of 4096"), outcome.errors)
    XCTAssertTrue(outcome.output.contains("prefill"))
  }

  func testMissingLinkLeavesItsTimesUnknownAndIsNamed() throws {
    let outcome = roofline("analyze --model llama-2-70b --hardware l40s --tp 8 --prompt 8 --format json")
    XCTAssertEqual(outcome.exitCode, 0)
    XCTAssertTrue(outcome.errors.contains("link.bytesPerSecondPerDirection"), outcome.errors)
    let object = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let phases = try XCTUnwrap(object["phases"] as? [[String: Any]])
    for phase in phases {
      for row in try XCTUnwrap(phase["operators"] as? [[String: Any]]) {
        let isCollective =
          try XCTUnwrap(row["name"] as? String).hasSuffix("all_reduce") || row["name"] as? String == "logits_all_gather"
        XCTAssertEqual(row["timeSeconds"] is NSNull, isCollective, "\(row)")
        XCTAssertEqual(row["missingFacts"] as? [String], isCollective ? ["link.bytesPerSecondPerDirection"] : [])
      }
      XCTAssertTrue(try XCTUnwrap(phase["model"] as? [String: Any])["timeSeconds"] is NSNull)
    }
  }
}
