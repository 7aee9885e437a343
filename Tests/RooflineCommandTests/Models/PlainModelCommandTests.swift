import Foundation
import TestSupport
import XCTest
import roofline

/// OPT and GPT-NeoX on the command line.
final class PlainModelCommandTests: CommandTestCase {
  func testShowSaysHowTheLayersAreBuilt() {
    let opt = output("show opt-6.7b")
    XCTAssertTrue(opt.contains("LayerNorm, 2050 learned positions, relu MLP of two matrices\n"), opt)
    XCTAssertTrue(opt.contains("6,658,473,984"), opt)
    XCTAssertTrue(opt.contains("biases                   q, k, v, o, up, down\n"), opt)
    let pythia = output("show pythia-6.9b")
    XCTAssertTrue(
      pythia.contains("LayerNorm, rotary embedding of 32 of 128, gelu MLP of two matrices beside the attention"), pythia
    )
  }

  /// What has no meaning for them is refused in one sentence.
  func testGatedCountsAreRefused() {
    for (command, words) in [
      (
        "analyze --convention llm-counts --model opt-6.7b --hardware h100-sxm --prompt 8 --generate 8", "OPTForCausalLM"
      ),
      (
        "diff --conventions llm-counts,exact --model opt-6.7b --hardware h100-sxm --prompt 8 --generate 8",
        "OPTForCausalLM"
      ),
      ("analyze --model opt-6.7b --hardware h100-sxm --prompt 8 --set word_embed_proj_dim=512", "word_embed_proj_dim"),
      (
        "analyze --model opt-6.7b --hardware h100-sxm --prompt 8 --set do_layer_norm_before=false",
        "do_layer_norm_before"
      ),
      ("analyze --model llama-2-7b --hardware h100-sxm --prompt 8 --set use_parallel_residual=true", "parallel"),
    ] {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, 64, command)
      XCTAssertEqual(outcome.output, "", command)
      XCTAssertTrue(outcome.errors.contains(words), outcome.errors)
      XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1, outcome.errors)
    }
  }

  /// Model FLOPs are those of the matrices: 12·H² a layer and the head, and both attention products.
  func testModelFLOPsOfATrainingStep() throws {
    let document = try json(
      "mfu --model pythia-6.9b --hardware a100-sxm4-80gb --step-time 60 --global-batch 8 --sequence 2048 --devices 8")
    let perToken = 3 * (2 * (32 * 12 * 4096 * 4096 + 4096 * 50432) + 32 * 4 * 4096 * 2048)
    XCTAssertEqual(document["modelFLOPs"] as? Int, perToken * 8 * 2048)
  }

  func testEveryReportRuns() {
    for model in ["opt-6.7b", "pythia-6.9b"] {
      for operators in ["separate", "fused"] {
        let run = "--model \(model) --hardware a100-sxm4-80gb --tp 2 --batch 4 --prompt 64 --operators \(operators)"
        for command in [
          "analyze \(run) --generate 4 --units", "footprint \(run) --generate 4 --pp 2",
          "analyze --training --sequence 64 --model \(model) --hardware a100-sxm4-80gb --tp 2 --operators \(operators)",
          "explain --training --sequence 64 --model \(model) --hardware a100-sxm4-80gb --operator final_norm",
          "sensitivity \(run)", "explain \(run) --operator footprint", "explain \(run) --operator layer",
        ] {
          XCTAssertFalse(output(command).isEmpty, command)
        }
      }
    }
  }

  func testAListingOfTheirOwnNamesIsCompared() throws {
    let folder = try temporaryFolder()
    for (model, change) in [
      ("opt-6.7b", ("model.decoder.layers.3.fc1.weight", "transposed matrix: model.decoder.layers.3.fc1.weight")),
      (
        "pythia-6.9b",
        ("gpt_neox.layers.3.mlp.dense_4h_to_h.weight", "transposed matrix: gpt_neox.layers.3.mlp.dense_4h_to_h.weight")
      ),
    ] {
      let document = try json("shapes --model \(model)")
      let tensors = try XCTUnwrap(document["tensors"] as? [[String: Any]])
      func listing(_ turned: String?) throws -> String {
        let lines = try tensors.map { tensor in
          let name = try XCTUnwrap(tensor["name"] as? String)
          let shape = try XCTUnwrap(tensor["shape"] as? [Int])
          return "\(name) torch.Size(\(name == turned ? shape.reversed() : shape))"
        }
        let path = folder.appendingPathComponent("\(model).txt").path
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return path
      }
      XCTAssertEqual(roofline("shapes --model \(model) --compare \(try listing(nil))").exitCode, 0)
      let outcome = roofline("shapes --model \(model) --compare \(try listing(change.0))")
      XCTAssertEqual(outcome.exitCode, 2)
      XCTAssertTrue(outcome.output.contains(change.1), outcome.output)
    }
    // OPT's head is its embedding; one of its own in a listing is said to be.
    let opt = output("shapes --model opt-6.7b")
    XCTAssertTrue(opt.contains("lm_head.weight is model.decoder.embed_tokens.weight"), opt)
  }
}
