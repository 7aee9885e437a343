import XCTest
import roofline

/// What note 000 does not have is refused by name.
final class ConventionBadInputTests: CommandTestCase {
  private let others = "--model llama-3.1-8b --hardware h100-sxm --batch 7 --prompt 100 --generate 33"

  func testWrongArguments() {
    let (analyze, diff) = ("analyze --convention llm-counts \(others)", "diff \(others)")
    let notes = "analyze --convention notes-003 --model llama-3.1-8b --hardware h100-sxm --prompt 100"
    for (command, words) in [
      ("analyze --convention llm-count \(others)", ["unknown convention", "did you mean llm-counts"]),
      ("analyze --convention zzzzzz \(others)", ["unknown convention", "exact, llm-counts, notes-003"]),
      ("\(analyze) --operators fused", ["fused"]), ("\(analyze) --dtype fp8", ["2 bytes", "--dtype"]),
      ("\(analyze) --kv-dtype int8", ["2 bytes"]), ("\(analyze) --context 5", ["--context"]),
      ("\(analyze) --pp 2", ["--pp"]), ("\(analyze) --sequence-parallel", ["--sequence-parallel"]),
      ("\(analyze) --overlap sum", ["--overlap"]), ("\(analyze) --units", ["--units"]),
      ("\(analyze) --tp 7", ["--tp 7", "1, 2, 4, 8, 16, 32"]),
      ("analyze --convention llm-counts --model llama-3.1-8b --hardware l4 --prompt 5", ["--generate is missing"]),
      (
        "analyze --convention llm-counts --model llama-3.1-8b --hardware l4 --phase decode --generate 5",
        ["--prompt is missing"]
      ),
      ("\(diff) --conventions llm-counts", ["llm-counts,exact"]),
      ("\(diff) --conventions exact,exact", ["llm-counts,exact"]),
      ("\(diff) --conventions llm-counts,exat", ["unknown convention", "did you mean exact"]),
      ("analyze --convention notes-03 \(others)", ["unknown convention", "did you mean notes-003"]),
      ("analyze --convention notes-003 \(others)", ["--generate means nothing to notes-003"]),
      ("\(notes) --operators fused", ["notes-003 has no fused operators"]),
      ("\(notes) --context 5", ["--context means nothing to notes-003"]), ("\(notes) --pp 2", ["--pp"]),
      ("\(notes) --tp 7", ["1, 2, 4, 8, 16, 32"]),
      ("analyze --convention notes-003 --model llama-3.1-8b --hardware l4", ["--prompt is missing"]),
      ("analyze --convention notes-003 --hardware l4 --prompt 5", ["--model is missing"]),
      ("diff --conventions notes-003,exact \(others)", ["--generate means nothing to notes-003"]),
      (
        "diff --conventions notes-003,exact --model llama-3.1-8b --hardware l4 --prompt 5 --dtype fp8",
        ["2 bytes", "--dtype fp16"]
      ),
      ("\(diff) --conventions notes-003,notes-003", ["llm-counts,exact or notes-003,exact", "either order"]),
      ("\(diff) --conventions llm-counts,notes-003", ["llm-counts,exact or notes-003,exact"]),
      ("\(diff) --conventions notes-003,exact,exact", ["llm-counts,exact or notes-003,exact"]),
      ("\(diff) --conventions notes-3,exact", ["unknown convention"]),
      ("\(diff) --conventions zzzzzz,exact", ["unknown convention", "exact, llm-counts, notes-003"]),
      ("\(diff) --operators fused", ["fused"]), ("\(diff) --context 5", ["--context"]),
      (
        "analyze --convention llm-counts --model opt-6.7b --hardware l4 --prompt 5 --generate 5",
        ["llm-counts knows gated MLPs with RMSNorm only, not OPTForCausalLM"]
      ),
      ("diff --model pythia-6.9b --hardware l4 --prompt 5 --generate 5", ["gated MLPs", "GPTNeoXForCausalLM"]),
      ("analyze --convention notes-003 --model opt-6.7b --hardware l4 --prompt 5 --tp 5", ["1, 2, 4, 8, 16, 32"]),
    ] {
      assertRefused(command, exitCode: 64, naming: words)
    }
  }

  func testNumbersThatDoNotFitAreSaid() {
    for command in [
      "analyze --convention llm-counts --model llama-3.1-8b --hardware l4 --prompt 4611686018427387904 --generate 5",
      "analyze --convention llm-counts --model llama-3.1-8b --hardware l4 --batch 999999999999999999 --prompt 1 --generate 1",
      "diff --model llama-3.1-8b --hardware l4 --prompt 5 --generate 9223372036854775807",
      "diff --model llama-3.1-8b --hardware l4 --batch 70000000000 --prompt 1 --generate 1 --tp 8",
      "analyze --convention notes-003 --model llama-3.1-8b --hardware l4 --prompt 4611686018427387904",
      "diff --conventions notes-003,exact --model llama-3.1-8b --hardware l4 --prompt 46116860184",
    ] {
      assertRefused(command, exitCode: 1, naming: ["2^63"])
    }
  }

  private func assertRefused(_ command: String, exitCode: Int32, naming words: [String], line: UInt = #line) {
    let outcome = roofline(command)
    XCTAssertEqual(outcome.exitCode, exitCode, "\(command): \(outcome.errors)", line: line)
    XCTAssertEqual(outcome.output, "", command, line: line)
    XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1, outcome.errors, line: line)
    for word in words {
      XCTAssertTrue(outcome.errors.contains(word), "\(command): \"\(word)\" not in \(outcome.errors)", line: line)
    }
  }
}
