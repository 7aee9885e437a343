import Foundation
import TestSupport
import XCTest
import roofline

/// Traces of passes that hold pieces of prompts beside sequences.
final class ImportMixedTests: CommandTestCase {
  /// The recorded step of 16 sequences, as if its mark and its products' sizes were others.
  private func trace(_ mark: String, tokens: Int) throws -> String {
    let text = try String(contentsOfFile: "Tests/RooflineTracesTests/Traces/decode.json", encoding: .utf8)
    let path = try temporaryFolder().appendingPathComponent("trace.json").path
    try text.replacingOccurrences(of: "execute_context_0(0)_generation_16(16)", with: mark)
      .replacingOccurrences(of: "[[16, ", with: "[[\(tokens), ")
      .write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private static let bandwidth = 3.35e12
  /// The head's weights, its inputs and its logits, at DRAM's rate.
  private static func head(_ tokens: Double) -> Double {
    let elements: Double = 128256 * 2048 + tokens * 128256 + tokens * 2048
    return 2 * elements / bandwidth
  }
  /// Queries and results of so many tokens of 32 heads of 64; keys and values of 8 heads.
  private static func attention(_ tokens: Double, keys: Double) -> Double {
    let (own, cached): (Double, Double) = (tokens * 2048 * 2, keys * 512 * 2)
    return 2 * (own + cached) / bandwidth
  }

  private func rows(_ line: String) throws -> [String: [String: Any]] {
    let trace = try XCTUnwrap((try json("import \(line)")["traces"] as? [[String: Any]])?.first)
    let rows = try XCTUnwrap(trace["operators"] as? [[String: Any]])
    return Dictionary(uniqueKeysWithValues: try rows.map { (try XCTUnwrap($0["name"] as? String), $0) })
  }

  private func times(_ line: String) throws -> [String: Double] {
    let analysis = try json(
      "analyze \(line) --model llama-3.2-1b --hardware h100-sxm --operators fused --time calibrated")
    let phase = try XCTUnwrap((analysis["phases"] as? [[String: Any]])?.first)
    let rows = try XCTUnwrap(phase["operators"] as? [[String: Any]])
    return Dictionary(
      uniqueKeysWithValues: try rows.map {
        (try XCTUnwrap($0["name"] as? String), try XCTUnwrap($0["timeSeconds"] as? Double))
      })
  }

  /// Two pieces of 515 tokens and six sequences: H100's 989e12 FLOP/s and 3.35e12 B/s; 32 heads of 64, 8 of keys, width 2048.
  func testRoofsAreThoseOfAllTokensAndOfBothKindsOfAttention() throws {
    let path = try trace("execute_context_2(1030)_generation_6(6)", tokens: 1036)
    let rows = try rows("\(path) --model llama-3.2-1b --context 1040")
    func roof(_ name: String) throws -> Double { try XCTUnwrap(rows[name]?["roofSeconds"] as? Double, name) }
    let flops: Double = 2 * 1036 * 3072 * 2048
    XCTAssertEqual(try roof("qkv_proj"), flops / 989e12, accuracy: 1e-10)
    // The weights of the head, and the logits of a token of each piece and sequence.
    XCTAssertEqual(try roof("lm_head"), Self.head(8), accuracy: 1e-10)
    // Queries and results of 1036 tokens; keys and values of 2 × 515 and 6 × 1040.
    XCTAssertEqual(try roof("attention"), Self.attention(1036, keys: 2 * 515 + 6 * 1040), accuracy: 1e-10)
    XCTAssertEqual(rows["attention"]?["callsInPass"] as? Double, 16)
  }

  func testPredictionsAreThoseOfTheParts() throws {
    let path = try trace("execute_context_2(1030)_generation_6(6)", tokens: 1036)
    let rows = try rows("\(path) --model llama-3.2-1b --context 1040 --cached-prefix 100 --time calibrated")
    func predicted(_ name: String) throws -> Double { try XCTUnwrap(rows[name]?["predictedSeconds"] as? Double, name) }
    let pieces = try times("--batch 2 --prompt 515 --cached-prefix 100 --phase prefill")
    let steps = try times("--batch 6 --context 1040 --phase decode")
    let all = try times("--batch 1036 --context 1040 --phase decode")
    XCTAssertEqual(
      try predicted("attention"), try XCTUnwrap(pieces["attention"]) + XCTUnwrap(steps["attention"]), accuracy: 1e-12)
    for name in ["qkv_proj", "down_proj", "mlp_silu_dot", "attn_add_norm", "embedding"] {
      XCTAssertEqual(try predicted(name), try XCTUnwrap(all[name]), accuracy: 1e-12, name)
    }
    let head = try times("--batch 8 --context 9 --phase decode")
    XCTAssertEqual(try predicted("lm_head"), try XCTUnwrap(head["lm_head"]), accuracy: 1e-12)
    for (name, row) in rows {
      let interval = try XCTUnwrap(row["intervalSeconds"] as? [Double], name)
      XCTAssertLessThan(interval[0], try predicted(name))
      XCTAssertGreaterThan(interval[1], try predicted(name))
    }
  }

  /// SGLang's mark of a mixed pass, with its sums and without: the same figures, where options say what the short one leaves open.
  func testMixedPassesOfSGLangAreThoseOfVLLM() throws {
    let marks = [
      ("execute_context_2(1030)_generation_6(6)", "--context 1040 --cached-prefix 100"),
      (
        "step[MIXED bs=8 c=2 g=6 c_sq=1030 c_sk=1230 c_sqsq=1 c_sqsk=1 g_sq=6 g_sk=6240 g_sqsq=6 g_sqsk=6240]", ""
      ),
      ("step[MIXED bs=8]", "--batch 6 --prompt 515 --context 1040 --cached-prefix 100"),
    ]
    let figures = try marks.map { mark, options in
      let rows = try rows("\(try trace(mark, tokens: 1036)) --model llama-3.2-1b --time calibrated \(options)")
      return ["roofSeconds", "predictedSeconds"].flatMap { key in
        rows.sorted { $0.key < $1.key }.map { $0.value[key] as? Double }
      }
    }
    XCTAssertEqual(figures[0].count, figures[1].count)
    XCTAssertFalse(figures[0].contains(nil))
    XCTAssertEqual(figures[0], figures[1])
    XCTAssertEqual(figures[0], figures[2])
  }

  func testVerifiedDraftsAreTokensOfTheirSequences() throws {
    let path = try trace("execute_context_0(0)_generation_6(22)", tokens: 22)
    let rows = try rows("\(path) --model llama-3.2-1b --context 1040")
    let head = try XCTUnwrap(rows["lm_head"]?["roofSeconds"] as? Double)
    XCTAssertEqual(head, Self.head(22), accuracy: 1e-10)
    let attention = try XCTUnwrap(rows["attention"]?["roofSeconds"] as? Double)
    XCTAssertEqual(attention, Self.attention(22, keys: 6 * 1040), accuracy: 1e-10)
  }

  func testObservationsOfAMixedPassAreThoseOfItsTokens() throws {
    let path = try trace("execute_context_2(1030)_generation_6(6)", tokens: 1036)
    let file = try temporaryFolder().appendingPathComponent("observations.json").path
    // Times of 16 tokens are none of 1036: only what is slower than its roof is written.
    let text = output("import \(path) --model llama-3.2-1b --context 1040 --output \(file)")
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    XCTAssertTrue(text.contains("left out attention: it is of prompts and sequences together"), text)
    let written = try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file))) as? [String: Any])
    XCTAssertEqual((written["trace"] as? [String: Any])?["phase"] as? String, "mixed")
    XCTAssertFalse(try XCTUnwrap(written["observations"] as? [Any]).isEmpty)
  }

  func testWhatIsMissingOrImpossibleIsSaid() throws {
    let mixed = "execute_context_2(1030)_generation_6(6)"
    let most = "18446744073709551615"
    let cases: [(mark: String, options: String, part: String)] = [
      (mixed, "", "how many keys its sequences attend to; give --context"),
      (mixed, "--context 1040 --batch 6", "leave --batch out"), (mixed, "--context 1040 --pp 2", "leave them out"),
      ("execute_context_2_generation_6", "--context 9", "give --prompt"),
      ("execute_context_2(\(most))_generation_6(6)", "--context 9", "are no pass of an engine"),
      ("execute_context_\(most)(\(most))_generation_\(most)(\(most))", "--context 9", "are no pass of an engine"),
      (mixed, "--context 9 --cached-prefix 99999999999999", "are no pass of an engine"),
      ("execute_context_0(0)_generation_6(24)", "--context 3", "which includes the 4 tokens"),
      ("step[MIXED bs=8]", "", "8 together, and the engine's mark does not say how many are which; give --batch"),
      ("step[MIXED bs=8]", "--batch 6 --context 9", "give --prompt"),
      ("step[MIXED bs=8]", "--batch 6 --prompt 9", "give --context"),
      ("step[MIXED bs=8]", "--batch 9 --prompt 9 --context 9", "--batch is 9, and the engine's mark says 8"),
      ("step[MIXED bs=\(most)]", "--batch 6 --prompt 9 --context 9", "are no pass of an engine"),
      (
        "step[MIXED bs=2 c=1 g=1 c_sq=\(most) c_sk=\(most) g_sq=1 g_sk=\(most)]", "", "are no pass of an engine"
      ),
      ("step[TARGET_VERIFY bs=2 g_sq=\(most) g_sk=\(most)]", "--context 9", "are no pass of an engine"),
      ("step[TARGET_VERIFY bs=8]", "--batch 8 --context 9", "verify drafted tokens of 8 sequences"),
      ("step[DRAFT_EXTEND bs=8]", "--batch 8 --context 9", "marked DRAFT_EXTEND, whose work the mark does not say"),
    ]
    for (mark, options, part) in cases {
      let outcome = roofline("import \(try trace(mark, tokens: 9)) --model llama-3.2-1b \(options)")
      XCTAssertNotEqual(outcome.exitCode, 0, options)
      XCTAssertEqual(outcome.output, "", options)
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, options)
      XCTAssertTrue(outcome.errors.contains(part), "\(mark) \(options): \(outcome.errors)")
    }
  }
}
