import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

/// `--pages`: the cache in whole pages of an engine.
final class CachePagesTests: CommandTestCase {
  private func memory(_ model: String, _ options: String) throws -> [String: Any] {
    let document = try json("footprint --model \(model) --hardware h100-sxm --dtype bf16 \(options)")
    return try XCTUnwrap((document["footprint"] as? [String: Any])?["perDevice"] as? [String: Any])
  }

  private func value(_ key: String, _ memory: [String: Any]) throws -> Int { try XCTUnwrap(memory[key] as? Int, key) }

  /// Pages taken one after another until the sequence's keys have room.
  func testASequenceHoldsWholePages() throws {
    for (pages, tokens) in [("vllm", 16), ("sglang", 1), ("sglang:64", 64), ("vllm:48", 48)] {
      for context in [1, 48, 65] {
        var room = 0
        while room < context { room += tokens }
        let memory = try memory("llama-3.1-8b", "--batch 3 --prompt \(context) --pages \(pages)")
        XCTAssertEqual(try value("kvCache", memory), 3 * 131_072 * context)
        XCTAssertEqual(try value("pagePadding", memory), 3 * 131_072 * (room - context), "\(pages) \(context)")
        XCTAssertEqual(try value("pageTokens", memory), tokens)
      }
    }
  }

  func testWithoutPagesNothingIsSaidOfThem() throws {
    let memory = try memory("llama-3.1-8b", "--prompt 1000")
    XCTAssertNil(memory["pagePadding"])
    XCTAssertFalse(output("footprint --model llama-3.1-8b --hardware h100-sxm --prompt 1000").contains("page"))
  }

  /// The longest context ends with a page, and one more key takes one that is not there.
  func testWhatFitsIsWholePages() throws {
    let line = "footprint --model llama-3.1-8b --hardware h100-sxm --batch 5 --prompt 100 --pages vllm:256"
    let footprint = try XCTUnwrap(json(line)["footprint"] as? [String: Any])
    let longest = try value("longestContext", footprint)
    XCTAssertEqual(longest % 256, 0)
    let fits = try XCTUnwrap(json("\(line) --context \(longest)")["footprint"] as? [String: Any])
    XCTAssertEqual(fits["fits"] as? Bool, true)
    let breaks = try XCTUnwrap(json("\(line) --context \(longest + 1)")["footprint"] as? [String: Any])
    XCTAssertEqual(breaks["fits"] as? Bool, false)
    let exact = try XCTUnwrap(json(line.replacing(" --pages vllm:256", with: ""))["footprint"] as? [String: Any])
    XCTAssertLessThan(try value("longestContext", exact) - longest, 256)
  }

  /// "Setting attention block size to 528 tokens … Padding mamba page size by 0.76%": vLLM's own log of a model with 32 value
  /// heads and 4 KV heads on two ranks.
  func testVLLMsBlocksGrowToALayersState() throws {
    let folder = try temporaryFolder()
    let file = try configuration("Qwen--Qwen3.5-27B")
    var document = try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file))) as? [String: Any])
    var text = try XCTUnwrap(document["text_config"] as? [String: Any])
    text["linear_num_value_heads"] = 32
    document["text_config"] = text
    let changed = folder.appendingPathComponent("config.json")
    try JSONSerialization.data(withJSONObject: document).write(to: changed)
    let small = try memory(changed.path, "--tp 2 --batch 1 --prompt 528 --pages vllm")
    XCTAssertEqual(try value("pageTokens", small), 528)
    // 48 layers' states and convolutions' inputs, and what their pages have beside them.
    let state = 48 * (128 * 128 * 16 * 4 + 3 * (2 * 8 + 16) * 128 * 2)
    XCTAssertEqual(try value("state", small) + value("convolutionState", small), state)
    XCTAssertEqual(Double(try value("pagePadding", small)) / Double(state), 0.0076, accuracy: 0.00005)
    // 3,207,168 bytes of state, 4,096 a key: 783 keys, in blocks of 16.
    XCTAssertEqual(try value("pageTokens", memory(file, "--prompt 10 --pages vllm")), 784)
    // SGLang's states have slots of their own.
    XCTAssertEqual(try value("pagePadding", memory(file, "--prompt 10 --pages sglang:16")), 6 * 65_536)
  }

  func testWithoutARuleThereIsASentence() throws {
    for (file, pages, part) in [
      ("openai--gpt-oss-20b", "vllm", "windows and chunks"), ("openai--gpt-oss-20b", "sglang", "windows and chunks"),
      ("deepseek-ai--DeepSeek-V3", "vllm", "state its tokens, e.g. --pages vllm:64"),
      ("deepseek-ai--DeepSeek-V4-Flash", "sglang:64", "has no rule here"),
    ] {
      let outcome = roofline(
        "footprint --model \(try configuration(file)) --hardware h100-sxm --dtype bf16 --prompt 10 --pages \(pages)")
      XCTAssertNotEqual(outcome.exitCode, 0, file)
      XCTAssertTrue(outcome.errors.contains(part), outcome.errors)
      XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1)
    }
    let latent = try memory(try configuration("deepseek-ai--DeepSeek-V3.2"), "--prompt 65 --tp 8 --pages sglang:64")
    // 61 latent rows and index keys of 63 more tokens.
    XCTAssertEqual(try value("pagePadding", latent), 63 * (70_272 + 15_616))
    for text in ["other", "vllm:0", "vllm:", "vllm:1:2"] {
      XCTAssertTrue(
        roofline("footprint --model llama-3.1-8b --hardware h100-sxm --prompt 10 --pages \(text)").errors
          .hasPrefix("roofline: --pages is "), text)
    }
  }

  func testAFootprintsExplanationHasThePages() {
    let text = output(
      "explain --model llama-3.1-8b --hardware h100-sxm --prompt 1000 --pages vllm --operator footprint")
    XCTAssertTrue(text.contains("pagePadding"), text)
    XCTAssertTrue(text.contains("keys that fill up a sequence's last page"), text)
  }

  private func configuration(_ name: String) throws -> String {
    guard let shared = Fixtures.shared else { throw XCTSkip("no config files beside the package") }
    return "\(shared)/configs/\(name).json"
  }
}
