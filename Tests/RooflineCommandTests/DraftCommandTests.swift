import Foundation
import TestSupport
import XCTest

import roofline

/// `--draft`, `--images` and `--expect-parameters`.
final class DraftCommandTests: CommandTestCase {
  /// A small model with a draft layer and a vision tower.
  private static let config = """
    {"architectures": ["Qwen3_5ForConditionalGeneration"], "model_type": "qwen3_5", "tie_word_embeddings": false,
     "text_config": {"model_type": "qwen3_5_text", "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 8,
      "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 89, "hidden_act": "silu",
      "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 6, "linear_value_head_dim": 10,
      "linear_conv_kernel_dim": 4, "full_attention_interval": 4, "mtp_num_hidden_layers": 1, "dtype": "bfloat16",
      "rope_parameters": {"partial_rotary_factor": 0.25}},
     "vision_config": {"depth": 2, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "in_channels": 3,
      "num_position_embeddings": 36, "out_hidden_size": 40, "patch_size": 4, "spatial_merge_size": 2,
      "temporal_patch_size": 2, "deepstack_visual_indexes": []}}
    """

  private func model() throws -> String {
    let file = try temporaryFolder().appendingPathComponent("config.json")
    try Self.config.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  private func common() throws -> String { "--model \(try model()) --hardware h100-sxm --prompt 20" }

  func testAStepWithDraftedTokensHasItsPassesBesideIt() throws {
    let run = try common()
    let document = try json("analyze \(run) --phase decode --draft 2 --accepted 2.5")
    let step = try XCTUnwrap(document["speculation"] as? [String: Any])
    XCTAssertEqual(step["draftTokens"] as? Int, 2)
    XCTAssertEqual((step["draftPasses"] as? [Any])?.count, 2)
    let seconds = try XCTUnwrap(step["stepSeconds"] as? Double)
    XCTAssertEqual(try XCTUnwrap(step["timePerOutputTokenSeconds"] as? Double), seconds / 2.5, accuracy: 1e-15)
    // The step itself is one over three tokens, and has no row of the draft layer.
    let phase = try XCTUnwrap((document["phases"] as? [[String: Any]])?.first)
    let names = try XCTUnwrap(phase["operators"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    XCTAssertFalse(names.contains { $0.hasPrefix("draft_") })
    XCTAssertEqual((document["workload"] as? [String: Any])?["context"] as? Int, 23)
    let text = output("analyze \(run) --phase decode --draft 2")
    XCTAssertTrue(text.contains("decode: 1 × 3 tokens, 23 keys attended"))
    XCTAssertTrue(text.contains("draft pass 2 of 2: 1 × 1 token, 22 keys attended"))
    XCTAssertFalse(text.contains("time per output token"), "accepted tokens are no guess")
    XCTAssertTrue(output("explain \(run) --phase decode --draft 2 --operator draft_proj").contains("k   = 2·H"))
    XCTAssertTrue(output("footprint \(run) --draft 2").contains("draft modules"))
  }

  func testImagesHaveATableOfTheirOwn() throws {
    let run = try common()
    let document = try json("analyze \(run) --phase decode --images 2:16x24")
    let vision = try XCTUnwrap(document["vision"] as? [String: Any])
    XCTAssertEqual(vision["patchesPerImage"] as? Int, 24)
    XCTAssertEqual(vision["tokensToText"] as? Int, 12)
    let plain = try json("analyze \(run) --phase decode")
    XCTAssertEqual(
      try JSONSerialization.data(withJSONObject: XCTUnwrap(plain["phases"]), options: .sortedKeys),
      try JSONSerialization.data(withJSONObject: XCTUnwrap(document["phases"]), options: .sortedKeys))
    XCTAssertTrue(output("analyze \(run) --phase decode --images 16x24").contains("vision: 1 image of 4 × 6 patches"))
    XCTAssertTrue(
      output("explain \(run) --phase decode --images 16x24 --operator vision_attention").contains("N_p·N_p"))
  }

  func testTheWholeModelsCountsAreInItsDocument() throws {
    let model = try model()
    let parameters = try XCTUnwrap(try json("show \(model)")["parameters"] as? [String: Any])
    // Conv, positions; two blocks; the merger: on paper.
    let block = 4 * 16 + 4 * 16 * 16 + 4 * 16 + 2 * 16 * 24 + 24 + 16
    XCTAssertEqual(
      parameters["vision"] as? Int, 16 * 97 - 16 + 16 + 36 * 16 + 2 * block + 32 + 64 * 65 + 64 * 40 + 40)
    // A projection of 80, three norms; q with its gate, k, v, o, norms of heads; an MLP, two norms.
    XCTAssertEqual(
      parameters["draft"] as? Int,
      80 * 40 + 3 * 40 + 40 * (128 + 64) + 64 * 40 + 2 * 16 + 3 * 40 * 56 + 2 * 40)
    let total = try XCTUnwrap(parameters["total"] as? Int)
    XCTAssertEqual(roofline("show \(model) --expect-parameters \(total)").exitCode, 0)
    let other = roofline("show \(model) --expect-parameters \(total + 1)")
    XCTAssertEqual(other.exitCode, 2)
    XCTAssertEqual(other.errors.split(separator: "\n").count, 1)
    XCTAssertTrue(other.errors.contains("--expect-parameters"))
  }

  func testWhatHasNoCountsIsRefusedInASentence() throws {
    let run = try common()
    let plain = "--model llama-2-7b --hardware h100-sxm --prompt 20"
    for (command, words) in [
      ("analyze \(plain) --draft 2", "draft layers"), ("footprint \(plain) --draft 2", "draft layers"),
      ("analyze \(plain) --images 32x32", "vision tower"), ("analyze \(run) --accepted 2", "--draft"),
      ("analyze \(run) --draft 2 --accepted 4", "at most 3"), ("analyze \(run) --draft 2 --accepted 0.5", "--accepted"),
      ("analyze \(run) --draft 2 --phase prefill", "decode"), ("analyze \(run) --draft 2 --generate 5", "--generate"),
      ("analyze \(run) --draft 2 --context 22", "23 keys"), ("analyze \(run) --draft 200", "100"),
      ("analyze \(run) --draft 2 --pp 2", "--pp"), ("footprint \(run) --draft 2 --pages vllm", "--pages"),
      ("analyze \(run) --images 17x24", "divides"),
      ("analyze \(run) --images 24", "1024x768"), ("show h100-sxm --expect-parameters 7", "GPU"),
      ("analyze --training --sequence 20 --model llama-2-7b --hardware h100-sxm --draft 2", "--training"),
    ] {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, 64, "\(command): \(outcome.errors)")
      XCTAssertEqual(outcome.output, "", command)
      XCTAssertTrue(outcome.errors.contains(words), "\(command): \(outcome.errors)")
    }
  }
}
