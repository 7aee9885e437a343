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

  /// Nine tokens behind the first, 2.5 a step: 2, 5, 7, 10 after 1 to 4 steps.
  func testAGenerationOfDraftsHasTheFewestStepsThatMakeItsTokens() throws {
    let run = "\(try common()) --draft 2 --accepted 2.5"
    for stages in ["", " --pp 2 --batch 3"] {
      let document = try json("analyze \(run)\(stages) --generate 10")
      let generation = try XCTUnwrap(document["generation"] as? [String: Any])
      let steps = try XCTUnwrap(generation["steps"] as? [[String: Any]])
      XCTAssertEqual(steps.compactMap { $0["context"] as? Int }, [23, 25, 28, 30])
      let sum = steps.compactMap { $0["timeSeconds"] as? Double }.reduce(0, +)
      XCTAssertEqual(try XCTUnwrap(generation["decodeSeconds"] as? Double), sum, accuracy: 1e-12)
      let tokens = try XCTUnwrap(generation["timePerOutputTokenSeconds"] as? [String: Any])
      XCTAssertEqual(try XCTUnwrap(tokens["mean"] as? Double), sum / 9, accuracy: 1e-12)
      // The first step is the one of the tables.
      let step = try XCTUnwrap(document["speculation"] as? [String: Any])
      let first = try XCTUnwrap(step["stepSeconds"] as? Double)
      XCTAssertEqual(try XCTUnwrap(steps.first?["timeSeconds"] as? Double), first, accuracy: 1e-12)
      XCTAssertEqual(try XCTUnwrap(tokens["first"] as? Double), first / 2.5, accuracy: 1e-12)
      let load = try json(
        "analyze \(try common())\(stages.isEmpty ? "" : " --pp 2") --draft 2 --accepted 2.5 --generate 10 --load static --concurrency \(stages.isEmpty ? 1 : 3)"
      )
      let tpot = try XCTUnwrap((load["latency"] as? [String: Any])?["tpot"] as? [String: Any])
      XCTAssertEqual(try XCTUnwrap(tpot["meanSeconds"] as? Double), sum / 9, accuracy: 1e-9)
      XCTAssertEqual((load["workload"] as? [String: Any])?["acceptedTokens"] as? Double, 2.5)
      for name in ["speculation", "generation"] {
        let extra = name == "generation" ? " --generate 10" : ""
        let text = output("explain \(run)\(stages)\(extra) --operator \(name) --format json")
        let rows = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        let entries = try XCTUnwrap(rows?.first?["entries"] as? [[String: Any]])
        let key = name == "generation" ? "decodeSeconds" : "stepSeconds"
        let entry = try XCTUnwrap(entries.first { $0["quantity"] as? String == key })
        let value = try XCTUnwrap((entry["value"] as? String).flatMap(Double.init))
        XCTAssertEqual(value, name == "generation" ? sum : first, accuracy: 1e-12)
      }
    }
    let stage = output("footprint \(try common()) --draft 2 --pp 2")
    XCTAssertTrue(stage.contains("draft modules"), stage)
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
      ("analyze \(run) --draft 2 --phase prefill", "decode"), ("analyze \(run) --draft 2 --generate 5", "--accepted"),
      ("analyze \(run) --draft 2 --generate 5 --load static --concurrency 2", "--accepted"),
      (
        "analyze \(run) --draft 2 --generate 5 --accepted 2 --load static --concurrency 2 --engine vllm-0.11",
        "--engine"
      ),
      (
        "analyze \(run) --draft 2 --generate 5 --accepted 2 --load static --concurrency 2 --max-num-batched-tokens 2",
        "--max-num-batched-tokens"
      ), ("explain \(run) --operator speculation", "--draft"),
      ("explain \(run) --operator model --draft 2 --accepted 2", "--accepted"),
      ("analyze \(run) --draft 2 --context 22", "23 keys"), ("analyze \(run) --draft 200", "100"),
      ("analyze \(run) --draft 2 --pp 3", "layers"), ("footprint \(run) --draft 2 --pages vllm", "--pages"),
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
