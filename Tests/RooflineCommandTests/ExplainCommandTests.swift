import Foundation
import TestSupport
import XCTest
import roofline

final class ExplainCommandTests: CommandTestCase {
  /// Every printed formula, put through an evaluator that shares nothing with the engine, gives the integer of the JSON.
  func testEveryFormulaEvaluatesToTheReportsNumber() throws {
    let runs = [
      Self.mainCommand,
      "analyze --model qwen2-7b --hardware h100-sxm --tp 2 --batch 3 --prompt 77 --operators fused --dtype fp8",
      "analyze --model llama-3.1-8b --hardware h100-sxm --tp 16 --batch 5 --prompt 11 --weight-dtype int4 --kv-dtype int4",
      "analyze --model llama-3.1-8b --hardware h100-sxm --tp 16 --batch 5 --prompt 11 --operators fused --kv-dtype fp8",
      "analyze --model qwen2-0.5b --hardware l40s --batch 1 --prompt 1 --dtype fp32 --overlap sum --efficiency 0.7",
      "analyze --model opt-6.7b --hardware h100-sxm --tp 2 --batch 3 --prompt 77 --sequence-parallel",
      "analyze --model opt-6.7b --hardware h100-sxm --tp 4 --prompt 9 --operators fused --kv-dtype fp8",
      "analyze --model pythia-6.9b --hardware h100-sxm --batch 2 --prompt 12 --set rotary_pct=0.5",
      "analyze --model pythia-6.9b --hardware h100-sxm --tp 8 --prompt 12 --operators fused --dtype fp8",
      "analyze --training --model qwen2-0.5b --hardware h100-sxm --batch 3 --sequence 77",
      "analyze --training --model llama-3.1-8b --hardware h100-sxm --tp 16 --sequence 11 --operators fused --dtype fp8 --sequence-parallel",
    ]
    var compared = 0
    for run in runs {
      for case let phase as [String: Any] in try XCTUnwrap(try json(run)["phases"] as? [Any]) {
        let name = try XCTUnwrap(phase["phase"] as? String)
        let isTraining = run.contains("--training")
        let explain = run.replacing("analyze", with: "explain") + (isTraining ? "" : " --phase \(name)")
        for case let row as [String: Any] in try XCTUnwrap(phase["operators"] as? [Any]) {
          let row = try Row(row)
          compared += try check(row, of: name, "\(explain) --operator \(row.name)")
        }
        for sum in ["layer", "model"] {
          var entry = try XCTUnwrap(phase[sum] as? [String: Any])
          entry["name"] = sum
          compared += try check(try Row(entry), of: name, "\(explain) --operator \(sum)")
        }
      }
    }
    XCTAssertGreaterThan(compared, 2000)
  }

  private struct Row {
    let name: String
    let integers: [String: UInt64]
    let seconds: Double?

    init(_ entry: [String: Any]) throws {
      name = try XCTUnwrap(entry["name"] as? String)
      seconds = (entry["timeSeconds"] as? NSNumber)?.doubleValue
      var integers = ["wireBytes": try XCTUnwrap(entry["wireBytes"] as? NSNumber).uint64Value]
      for group in ["flops", "bytes"] {
        for (key, value) in try XCTUnwrap(entry[group] as? [String: NSNumber]) {
          integers["\(group).\(key)"] = value.uint64Value
        }
      }
      self.integers = integers
    }
  }

  private func check(_ row: Row, of phase: String, _ command: String) throws -> Int {
    let text = output("\(command) --format json")
    let explanations = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    let explanation = explanations.first { $0["phase"] as? String == phase && $0["name"] as? String == row.name }
    let entries = try XCTUnwrap(explanation?["entries"] as? [[String: String]])
    var unexplained = Set(row.integers.keys)
    var compared = 0
    for entry in entries {
      let quantity = try XCTUnwrap(entry["quantity"])
      let formula = try XCTUnwrap(entry["substituted"])
      XCTAssertFalse(try XCTUnwrap(entry["source"]).isEmpty, "\(command): \(quantity)")
      if let expected = row.integers[quantity] {
        XCTAssertEqual(try FormulaEvaluator.integer(formula), expected, "\(command): \(quantity): \(formula)")
        unexplained.remove(quantity)
        compared += 1
      } else if quantity.hasPrefix("rate.") || quantity.hasPrefix("timeSeconds."),
        let value = Double(entry["value"] ?? "")
      {
        XCTAssertEqual(try FormulaEvaluator.real(formula), value, accuracy: value * 1e-12, "\(command): \(formula)")
        compared += 1
      } else if quantity == "timeSeconds", let seconds = row.seconds {
        XCTAssertEqual(try FormulaEvaluator.real(formula), seconds, accuracy: seconds * 1e-12, "\(command): \(formula)")
        compared += 1
      }
    }
    XCTAssertEqual(unexplained, [], command)
    // What a definition of a letter says must come to the letter's value, too.
    for case let letter as [String: String] in try XCTUnwrap(explanation?["letters"] as? [Any]) {
      guard let formula = letter["substituted"], !formula.isEmpty, let value = letter["value"] else { continue }
      XCTAssertEqual(String(try FormulaEvaluator.integer(formula)), value, "\(command): \(letter)")
    }
    return compared
  }

  func testTextNamesLettersFormulaResultAndSource() {
    let text = output("\(Self.mainCommand.replacing("analyze", with: "explain")) --operator q_proj --phase decode")
    for line in [
      "m   = B·T = 20 × 1 = 20   rows of the product", "= 2·m·n·k", "= 2 × 20 × 1024 × 8192",
      "= 335544320 FLOP  (335.54 M)",
      "= 17145856 B", "timeSeconds.memory",
    ] where !line.hasPrefix("= 17145856") {
      XCTAssertTrue(text.contains(line), "\(line) is not in\n\(text)")
    }
    XCTAssertTrue(text.contains("335544320 / 17145856"))
  }

  func testPaddedVocabularyIsExplained() {
    let text = output(
      "explain --model llama-2-70b --hardware h100-sxm --set vocab_size=32001 --tp 8 --prompt 8 --operator lm_head --phase decode"
    )
    XCTAssertTrue(text.contains("V′  = ⌈V / t⌉ = ⌈32001 / 8⌉ = 4001"), text)
    XCTAssertTrue(text.contains("padded"), text)
  }

  /// A name that is near none is answered with the rows that this table has, not with all that there could be.
  func testUnknownRowsAreAnsweredWithTheTablesRows() {
    let run = "explain --model llama-2-7b --hardware l4 --operator zzzzzz"
    let outcome = roofline("\(run) --prompt 8")
    XCTAssertEqual(outcome.exitCode, 64)
    XCTAssertTrue(
      outcome.errors.hasSuffix(
        "attn_add, mlp_norm, gate_proj, up_proj, mlp_silu_dot, down_proj, mlp_add, final_norm, lm_head, layer, model\n"),
      outcome.errors)
    for absent in ["_dx", "_grad_", "all_reduce", "gelu", "qkv_proj"] {
      XCTAssertFalse(outcome.errors.contains(absent), absent)
    }
    XCTAssertTrue(roofline("\(run) --training --sequence 8").errors.contains("q_proj_dw"))
    XCTAssertTrue(
      roofline("explain --model llama-2-7b --hardware l4 --prompt 8 --operator atention").errors.contains(
        "did you mean attention"))
  }
}
