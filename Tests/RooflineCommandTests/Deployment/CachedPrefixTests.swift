import Foundation
import TestSupport
import XCTest
import roofline

/// `--cached-prefix`: a prefill of new tokens behind tokens that are in the cache.
final class CachedPrefixTests: CommandTestCase {
  private static let gpu = "--hardware h100-sxm --batch 2"

  private func models() -> [String] {
    let catalog = ["llama-3.1-8b", "mistral-7b", "opt-6.7b", "pythia-6.9b"]
    guard let shared = Fixtures.shared else { return catalog }
    let files = [
      "Qwen--Qwen3.5-35B-A3B", "deepseek-ai--DeepSeek-V3", "deepseek-ai--DeepSeek-V3.2",
      "deepseek-ai--DeepSeek-V4-Flash",
      "google--gemma-4-26B-A4B", "meta-llama--Llama-4-Scout-17B-16E-Instruct", "moonshotai--Kimi-K3",
      "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "openai--gpt-oss-20b", "zai-org--GLM-5.2",
    ]
    return catalog + files.map { "\(shared)/configs/\($0).json" }
  }

  /// Each row's counts, summed over layers.
  private func rows(_ line: String, phase: String) throws -> [String: [String: Int]] {
    let document = try json(line)
    let phases = try XCTUnwrap(document["phases"] as? [[String: Any]])
    let found = try XCTUnwrap(phases.first { $0["phase"] as? String == phase })
    var sums: [String: [String: Int]] = [:]
    for row in try XCTUnwrap(found["operators"] as? [[String: Any]]) {
      let times = try XCTUnwrap(row["occurrences"] as? Int)
      let counts = try XCTUnwrap(row["flops"] as? [String: Int])
        .merging(XCTUnwrap(row["bytes"] as? [String: Int])) { first, _ in first }
      sums[try XCTUnwrap(row["name"] as? String), default: [:]].merge(
        counts.mapValues { $0 * times }, uniquingKeysWith: +)
    }
    return sums
  }

  func testAPrefixOfNothingChangesNothing() {
    for command in ["analyze", "footprint", "sensitivity"] {
      let line = "\(command) --model llama-3.1-8b \(Self.gpu) --prompt 300 --generate 4"
      XCTAssertEqual(output("\(line) --cached-prefix 0"), output(line), command)
    }
  }

  /// Pairs, scores and products of a prompt that is prefilled in two parts are those of the whole; so is what is cached.
  func testTwoPartsOfAPromptMakeTheWhole() throws {
    for model in models() {
      // Keys and values that are made again of all cached latents belong to each part.
      let form = model.contains("DeepSeek-V3.json") || model.contains("Kimi") ? " --mla absorbed" : ""
      for (first, second) in [(100, 45), (8191, 130)] {
        let line = "analyze --model \(model) \(Self.gpu) --dtype bf16 --operators fused --phase prefill\(form)"
        let whole = try rows("\(line) --prompt \(first + second)", phase: "prefill")
        let head = try rows("\(line) --prompt \(first)", phase: "prefill")
        let tail = try rows("\(line) --prompt \(second) --cached-prefix \(first)", phase: "prefill")
        XCTAssertEqual(Set(whole.keys), Set(tail.keys), model)
        for (name, counts) in whole where name != "lm_head" && name != "logits_softcap" {
          // A recurrence pads each part to whole chunks.
          if !["delta_rule", "ssm_scan"].contains(name) {
            for key in ["tensor", "vector", "special"] {
              XCTAssertEqual(
                head[name]?[key, default: 0], counts[key].map { $0 - (tail[name]?[key] ?? 0) },
                "\(model) \(name) \(key)")
            }
          }
          // The state and the convolution's last inputs are written by each part.
          if !["delta_rule", "ssm_scan", "conv"].contains(name) {
            let stored = (head[name]?["storeKVCache"] ?? 0) + (tail[name]?["storeKVCache"] ?? 0)
            XCTAssertEqual(stored, counts["storeKVCache"], "\(model) \(name)")
          }
        }
      }
    }
  }

  /// A recurrence goes on from the state behind the prefix.
  func testStatesAreResumed() throws {
    guard let shared = Fixtures.shared else { throw XCTSkip("no config files beside the package") }
    let files = [
      ("Qwen--Qwen3.5-35B-A3B", "delta_rule"), ("nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "ssm_scan"),
    ]
    for (file, row) in files {
      let line = "analyze --model \(shared)/configs/\(file).json \(Self.gpu) --prompt 64"
      let fresh = try rows(line, phase: "prefill")
      let resumed = try rows("\(line) --cached-prefix 1000", phase: "prefill")
      for name in [row, "conv"] {
        XCTAssertEqual(fresh[name]?["loadKVCache"], 0, file)
        XCTAssertEqual(resumed[name]?["loadKVCache"], resumed[name]?["storeKVCache"], file)
        XCTAssertEqual(resumed[name]?["tensor"], fresh[name]?["tensor"], file)
      }
    }
  }

  /// One new token behind n is the decode step at n + 1 keys, the head included.
  func testOneTokenBehindAPrefixIsADecodeStep() throws {
    for model in ["llama-3.1-8b", "mistral-7b", "opt-6.7b"] {
      for operators in ["separate", "fused"] {
        let line = "analyze --model \(model) \(Self.gpu) --operators \(operators) --prompt 1 --cached-prefix 5000"
        XCTAssertEqual(
          try rows(line, phase: "prefill"), try rows("\(line) --context 5002", phase: "prefill"),
          "\(model) \(operators)")
        XCTAssertEqual(
          try rows(line, phase: "prefill"),
          try rows(
            "analyze --model \(model) \(Self.gpu) --operators \(operators) --phase decode --context 5001",
            phase: "decode"),
          "\(model) \(operators)")
      }
    }
  }

  func testGenerationGoesOnBehindPrefixAndPrompt() throws {
    let base = "analyze --model llama-3.1-8b \(Self.gpu) --generate 5"
    let behind = try XCTUnwrap(json("\(base) --prompt 24 --cached-prefix 1000")["generation"] as? [String: Any])
    let whole = try XCTUnwrap(json("\(base) --prompt 1024")["generation"] as? [String: Any])
    XCTAssertEqual(behind["decodeSeconds"] as? Double, whole["decodeSeconds"] as? Double)
    let (fast, slow) = (behind["timeToFirstTokenSeconds"] as? Double, whole["timeToFirstTokenSeconds"] as? Double)
    XCTAssertLessThan(try XCTUnwrap(fast), try XCTUnwrap(slow) / 4)
  }

  /// The cache holds prefix, prompt and generated tokens; activations are those of the new tokens alone.
  func testAFootprintHoldsThePrefixToo() throws {
    func memory(_ options: String) throws -> [String: Any] {
      let document = try json("footprint --model llama-3.1-8b \(Self.gpu) --generate 9 \(options)")
      let footprint = try XCTUnwrap(document["footprint"] as? [String: Any])
      return try XCTUnwrap(footprint["perDevice"] as? [String: Any])
    }
    let behind = try memory("--prompt 500 --cached-prefix 20000")
    XCTAssertEqual(behind["kvCache"] as? Int, 131_072 * 2 * 20_508)
    XCTAssertEqual(behind["kvCache"] as? Int, try memory("--prompt 20500")["kvCache"] as? Int)
    let activations = try XCTUnwrap(behind["activations"] as? Int)
    XCTAssertLessThan(activations, try XCTUnwrap(memory("--prompt 20500")["activations"] as? Int))
  }

  func testTheDocumentAndTheTitleSayThePrefix() throws {
    let line = "analyze --model llama-3.1-8b \(Self.gpu) --prompt 24 --cached-prefix 1000"
    let workload = try XCTUnwrap(json(line)["workload"] as? [String: Any])
    XCTAssertEqual(workload["cachedPrefix"] as? Int, 1000)
    XCTAssertEqual(workload["context"] as? Int, 1025)
    XCTAssertTrue(output(line).contains("prefill: 2 × 24 tokens behind 1000 cached\n"))
    XCTAssertTrue(output(line).contains("1025 keys attended"))
    let formula = output(
      "explain --model llama-3.1-8b \(Self.gpu) --prompt 24 --cached-prefix 1000 --operator qk_matmul --phase prefill")
    XCTAssertTrue(formula.contains("1024"), formula)
  }

  func testWhereAPrefixMeansNothingItIsRefused() {
    for (line, part) in [
      ("analyze --training --sequence 8 --cached-prefix 4", "training step"),
      ("analyze --convention llm-counts --prompt 8 --generate 4 --cached-prefix 4", "means nothing to llm-counts"),
      ("analyze --phase decode --context 100 --cached-prefix 4", "give --prompt"),
      ("analyze --prompt 8 --cached-prefix -1", "--cached-prefix is \"-1\""),
      ("analyze --prompt 8 --cached-prefix 9223372036854775806", "too large"),
      ("analyze --prompt 8 --cached-prefix 100 --context 50", "behind 100 cached tokens"),
      ("footprint --prompt 8 --cached-prefix 100 --context 50", "prefix and the prompt alone cache 108 keys"),
    ] {
      let outcome = roofline("\(line) --model llama-3.1-8b --hardware h100-sxm")
      XCTAssertNotEqual(outcome.exitCode, 0, line)
      XCTAssertTrue(outcome.errors.contains(part), "\(line): \(outcome.errors)")
    }
  }
}
