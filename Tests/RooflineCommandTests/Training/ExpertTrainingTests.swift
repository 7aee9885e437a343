import TestSupport
import XCTest
import roofline

/// `--training` of models with routed experts.
final class ExpertTrainingTests: CommandTestCase {
  private func configuration(_ name: String) throws -> String {
    guard let shared = Fixtures.shared else { throw XCTSkip("no config files beside the package") }
    return "\(shared)/configs/\(name).json"
  }

  private func passes(_ file: String, _ options: String = "") throws -> [[String: Any]] {
    let line = "analyze --model \(try configuration(file)) --hardware h100-sxm --dtype bf16 --training"
    return try XCTUnwrap(json("\(line) --sequence 96 --batch 2 \(options)")["phases"] as? [[String: Any]])
  }

  private func flops(_ pass: [String: Any]) throws -> [String: Int] {
    try XCTUnwrap((pass["model"] as? [String: Any])?["flops"] as? [String: Int])
  }

  /// Each product of the forward pass has two in the backward one, whoever the experts are.
  func testTheBackwardPassHasTwiceTheProducts() throws {
    for file in [
      "mistralai--Mixtral-8x7B-v0.1", "Qwen--Qwen3-30B-A3B", "sim--deepseek-v2-lite", "deepseek-ai--DeepSeek-V3",
      "moonshotai--Kimi-K2.5", "MiniMaxAI--MiniMax-M2.5", "stepfun-ai--Step-3.7-Flash",
      "meta-llama--Llama-4-Scout-17B-16E-Instruct", "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
      "nvidia--Nemotron-H-56B-Base-8K",
    ] {
      for operators in ["separate", "fused"] {
        let passes = try passes(file, "--operators \(operators)")
        XCTAssertEqual(passes.count, 2)
        XCTAssertEqual(
          try flops(passes[1])["tensor"], try flops(passes[0])["tensor"].map { 2 * $0 }, "\(file) \(operators)")
      }
    }
  }

  /// Mixtral by hand: 192 tokens to 2 of 8 experts, 14,336 wide.
  func testMixtralsRowsByHand() throws {
    let backward = try passes("mistralai--Mixtral-8x7B-v0.1")[1]
    let rows = try XCTUnwrap(backward["operators"] as? [[String: Any]])
    func count(_ name: String, _ group: String, _ key: String) throws -> Int {
      let row = try XCTUnwrap(rows.first { $0["name"] as? String == name }, name)
      return try XCTUnwrap((row[group] as? [String: Int])?[key])
    }
    let pairs = 2 * 192
    for name in ["experts_gate_up_dx", "experts_gate_up_dw"] {
      XCTAssertEqual(try count(name, "flops", "tensor"), 2 * pairs * 28_672 * 4096, name)
    }
    // A token's two rows come back as one.
    XCTAssertEqual(try count("experts_gate_up_dx", "flops", "vector"), pairs * 4096)
    XCTAssertEqual(try count("experts_down_dx", "flops", "vector"), 0)
    XCTAssertEqual(try count("experts_gate_up_dx", "bytes", "storeActivation"), 192 * 4096 * 2)
    XCTAssertEqual(try count("combine_backward", "flops", "vector"), 3 * pairs * 4096)
    // Softmax of the two chosen logits: their exponentials, sum, quotients, and the softmax's four operations.
    XCTAssertEqual(try count("route_backward", "flops", "vector"), 192 * 2 * (3 + 4))
    XCTAssertEqual(try count("route_backward", "bytes", "storeActivation"), 192 * 8 * 2)
  }

  /// A form of serving, which reads a cache.
  func testAbsorbedAttentionDoesNotTrain() throws {
    for file in ["deepseek-ai--DeepSeek-V3", "zai-org--GLM-5.2"] {
      for operators in ["separate", "fused"] {
        let outcome = roofline(
          "analyze --model \(try configuration(file)) --hardware h100-sxm --dtype bf16 --training --sequence 8 --mla absorbed --operators \(operators)"
        )
        XCTAssertNotEqual(outcome.exitCode, 0, file)
        XCTAssertTrue(outcome.errors.contains("leave --mla out"), outcome.errors)
      }
    }
  }

  /// What an indexer learns from is said to be left out.
  func testIndexersOwnLossIsNamed() throws {
    for (file, isNamed) in [("zai-org--GLM-5.2", true), ("google--gemma-4-26B-A4B", false)] {
      let outcome = roofline(
        "analyze --model \(try configuration(file)) --hardware h100-sxm --dtype bf16 --training --sequence 8")
      XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
      let words = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      XCTAssertEqual(words.contains("that an indexer learns from"), isNamed, file)
    }
  }
}
