import Foundation
import TestSupport
import XCTest
import roofline

/// The options that say how routed experts are dealt out and loaded, on a model of 8 experts of which a token goes to 2.
final class ExpertOptionsTests: CommandTestCase {
  private func analysis() throws -> String {
    let folder = try temporaryFolder().appendingPathComponent("eight-experts")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let keys: [String: Any] = [
      "architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "hidden_size": 64, "intermediate_size": 96,
      "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "vocab_size": 128,
      "num_local_experts": 8, "num_experts_per_tok": 2, "torch_dtype": "bfloat16",
    ]
    try JSONSerialization.data(withJSONObject: keys).write(to: folder.appendingPathComponent("config.json"))
    return "analyze --model \(folder.path) --hardware h100-sxm --prompt 16 --phase decode --operators fused --batch 4"
  }

  private func row(_ name: String, _ line: String) throws -> [String: Any] {
    let phase = try XCTUnwrap((try json(line)["phases"] as? [[String: Any]])?.first)
    let rows = try XCTUnwrap(phase["operators"] as? [[String: Any]])
    return try XCTUnwrap(rows.first { $0["name"] as? String == name }, name)
  }

  private func weightBytes(_ name: String, _ line: String) throws -> Int {
    let memory = try XCTUnwrap(try row(name, line)["bytes"] as? [String: Any])
    return try XCTUnwrap(memory["loadWeight"] as? Int)
  }

  /// An expert's second matrix has 64 × 96 elements of 2 bytes.
  func testALoadSaysHowManyExpertsAreRead() throws {
    let run = try analysis()
    let expert = 64 * 96 * 2
    XCTAssertEqual(try weightBytes("experts_down", "\(run) --expert-load 3"), 3 * expert)
    XCTAssertEqual(try weightBytes("experts_down", "\(run) --expert-load balanced"), 8 * expert)
    // Of 4 tokens that go to 2 of 8 each, an expert is missed with probability (6/8)⁴.
    let expected = 8 * (1 - 0.75 * 0.75 * 0.75 * 0.75)
    XCTAssertEqual(
      Double(try weightBytes("experts_down", run)), expected * Double(expert), accuracy: 1, "uniform routing")
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("loads.json").path
    try "[1, 1, 1, 1, 0, 0, 0, 0]".write(toFile: file, atomically: true, encoding: .utf8)
    XCTAssertLessThan(try weightBytes("experts_down", "\(run) --expert-load \(file)"), 4 * expert)
  }

  func testRanksShareTheExpertsAndNoFLOPIsLost() throws {
    let run = try analysis()
    func flops(_ line: String) throws -> Int {
      try XCTUnwrap((try row("experts_down", line)["flops"] as? [String: Any])?["tensor"] as? Int)
    }
    // 4 tokens to 2 experts each, a product of 64 × 96: 2 FLOPs an element.
    XCTAssertEqual(try flops(run), 4 * 2 * 2 * 64 * 96)
    XCTAssertEqual(try flops("\(run) --tp 4 --ep 4") * 4, try flops(run))
    XCTAssertEqual(try flops("\(run) --tp 4 --ep 2") * 4, try flops(run))
    let table = output("\(run) --tp 4 --ep 4 --dp-attention")
    XCTAssertTrue(table.contains("dispatch_all_to_all") && table.contains("combine_all_to_all"))
    XCTAssertFalse(output("\(run) --tp 4 --ep 4").contains("all_to_all"))
  }

  func testWhatCannotBeDealtOutIsRefusedInASentence() throws {
    let run = try analysis()
    let folder = try temporaryFolder()
    let two = folder.appendingPathComponent("two.json").path
    try "[1, 1]".write(toFile: two, atomically: true, encoding: .utf8)
    for (options, words) in [
      ("--ep 2", ["--ep 2", "--tp"]), ("--tp 4 --ep 3", ["--ep 3", "1, 2, 4"]),
      ("--tp 4 --dp-attention", ["--dp-attention", "--ep 4"]), ("--expert-load 9", ["--expert-load 9", "8"]),
      ("--expert-load powerx", ["powerx", "power1.2"]), ("--expert-load \(two)", ["2 loads", "8 routed experts"]),
      ("--expert-load \(two)x", ["no such file"]), ("--expert-load 1", ["--expert-load 1", "2"]),
    ] {
      let outcome = roofline("\(run) \(options)")
      XCTAssertNotEqual(outcome.exitCode, 0, options)
      XCTAssertEqual(outcome.output, "", options)
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
      for word in words { XCTAssertTrue(outcome.errors.contains(word), "\(options): \(outcome.errors)") }
    }
    for option in ["--ep 2 --tp 2", "--expert-load balanced"] {
      let outcome = roofline("analyze --model llama-2-7b --hardware h100-sxm --prompt 16 \(option)")
      XCTAssertNotEqual(outcome.exitCode, 0)
      XCTAssertTrue(outcome.errors.contains("no routed experts"), outcome.errors)
    }
  }
}
