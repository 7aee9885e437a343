import TestSupport
import XCTest
import roofline

/// FLOPs of a training token as other projects print them.
final class TrainingConventionTests: CommandTestCase {
  private func perToken(_ file: String, _ options: String) throws -> Int {
    guard let shared = Fixtures.shared else { throw XCTSkip("no config files beside the package") }
    let line = "mfu --model \(shared)/configs/\(file).json --hardware h100-sxm --dtype bf16 --step-time 1e9 --devices 1"
    let document = try json("\(line) --global-batch 1 \(options)")
    let convention = try XCTUnwrap(document["convention"] as? [String: Any])
    return try XCTUnwrap(convention["flopsPerToken"] as? Int)
  }

  /// pytorch/torchtitan#4300.
  func testTorchtitansFiguresOfGPTOSS() throws {
    for (file, figure) in [("openai--gpt-oss-120b", 34_534_221_696), ("openai--gpt-oss-20b", 24_141_260_160)] {
      XCTAssertEqual(try perToken(file, "--sequence 4096 --convention torchtitan"), figure)
    }
  }

  /// NVIDIA/Megatron-LM#6148: GFLOP a token of GLM-5.2, with one layer of multi-token prediction.
  func testMegatronsFiguresOfGLM() throws {
    for (sequence, figure) in [(4096, 2809), (32_768, 5036), (131_072, 12_670), (262_144, 22_849)] {
      let flops = try perToken("zai-org--GLM-5.2", "--sequence \(sequence) --convention megatron-lm --mtp-layers 1")
      XCTAssertEqual((Double(flops) / 1e8).rounded(), Double(figure), "\(sequence)")
    }
  }

  /// Without experts, windows and tied tables: 6·(N − V·H) and 12·L·h·d·S; the other: 3·(2·(N − V·H − norms) + L·2·h·d·S).
  func testADenseModelByHand() throws {
    let line =
      "mfu --model llama-2-7b --hardware h100-sxm --step-time 12 --devices 64 --global-batch 512 --sequence 4096"
    for (convention, figure) in [
      ("torchtitan", 6 * (6_738_415_616 - 32_000 * 4096) + 12 * 32 * 32 * 128 * 4096),
      ("megatron-lm", 6 * (6_738_415_616 - 32_000 * 4096 - 65 * 4096) + 6 * 32 * 32 * 128 * 4096),
    ] {
      let document = try json("\(line) --convention \(convention)")
      let entry = try XCTUnwrap(document["convention"] as? [String: Any])
      XCTAssertEqual(entry["flopsPerToken"] as? Int, figure, convention)
      XCTAssertEqual(entry["flops"] as? Int, figure * 512 * 4096)
      XCTAssertEqual(
        try XCTUnwrap(entry["mfu"] as? Double), Double(figure) * 512 * 4096 / (12 * 64 * 989e12), accuracy: 1e-12)
      XCTAssertTrue(output("\(line) --convention \(convention)").contains("as \(convention) counts"))
    }
    XCTAssertNil(try json(line)["convention"])
  }

  /// Keys of 192 elements and values of 128, in 48 layers of 64 heads.
  func testPaLMsFigureHasTheValuesOwnWidth() throws {
    guard let shared = Fixtures.shared else { throw XCTSkip("no config files beside the package") }
    let line = "mfu --model \(shared)/configs/XiaomiMiMo--MiMo-V2-Flash.json --hardware h100-sxm --dtype bf16"
    let document = try json("\(line) --step-time 1e9 --devices 1 --global-batch 1 --sequence 64")
    XCTAssertEqual(
      document["palmFLOPs"] as? Int, 64 * (6 * 308_778_768_832 + 6 * 48 * 64 * (192 + 128) * 64))
  }

  func testWhatAFormulaHasNoTermForIsRefused() throws {
    guard let shared = Fixtures.shared else { throw XCTSkip("no config files beside the package") }
    for (file, options, part) in [
      ("Qwen--Qwen3.5-27B", "--convention torchtitan", "no term for recurrent layers"),
      ("zai-org--GLM-5.2", "--convention torchtitan", "no term for chosen keys"),
      ("openai--gpt-oss-20b", "--convention megatron-lm", "no term for windows"),
      ("deepseek-ai--DeepSeek-V4-Flash", "--convention torchtitan", "no term for compressed attention"),
      ("openai--gpt-oss-20b", "--mtp-layers 1", "--convention megatron-lm alone"),
      ("openai--gpt-oss-20b", "--convention other", "expected one of torchtitan, megatron-lm"),
    ] {
      let line =
        "mfu --model \(shared)/configs/\(file).json --hardware h100-sxm --dtype bf16 --step-time 1e9 --devices 1"
      let outcome = roofline("\(line) --global-batch 1 --sequence 64 \(options)")
      XCTAssertNotEqual(outcome.exitCode, 0, file)
      XCTAssertTrue(outcome.errors.contains(part), outcome.errors)
    }
  }
}
