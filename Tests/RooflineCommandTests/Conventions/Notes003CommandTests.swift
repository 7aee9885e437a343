import Foundation
import RooflineReport
import TestSupport
import XCTest
import roofline

/// The owner's note 003 through the command line: its formulas with numbers put in, and every difference explained.
final class Notes003CommandTests: CommandTestCase {
  private static let columns = ["compute", "memory", "communication"]
  private static let inputs = "--model llama-3.1-8b --hardware h100-sxm --tp 4 --batch 3 --prompt 100"

  private func rows(_ options: String) throws -> [String: [[String: Any]]] {
    let document = try json("analyze --convention notes-003 \(options)")
    XCTAssertEqual(document["schemaVersion"] as? Int, 1)
    XCTAssertEqual(document["convention"] as? String, "notes-003")
    XCTAssertEqual(
      document["units"] as? [String: String],
      ["compute": "FLOP", "memory": "elements", "communication": "elements"])
    var rows: [String: [[String: Any]]] = [:]
    for phase in try XCTUnwrap(document["phases"] as? [[String: Any]]) {
      rows[try XCTUnwrap(phase["phase"] as? String)] = phase["operators"] as? [[String: Any]]
    }
    return rows
  }

  /// Row and column to both values and the rules.
  private func differences(_ options: String) throws -> [String: (note: Double, exact: Double, rules: [String])] {
    let document = try json("diff --conventions notes-003,exact \(options)")
    XCTAssertEqual(document["unexplained"] as? Int, 0, options)
    XCTAssertEqual(document["conventions"] as? [String], ["notes-003", "exact"])
    var found: [String: (note: Double, exact: Double, rules: [String])] = [:]
    for entry in try XCTUnwrap(document["differences"] as? [[String: Any]]) {
      let place = ["phase", "operator", "column"].map { entry[$0] as? String ?? "" }.joined(separator: " ")
      let values = try XCTUnwrap(entry["values"] as? [String: Any])
      let rules = try XCTUnwrap(entry["rules"] as? [String])
      XCTAssertFalse(rules.isEmpty, place)
      found[place] = (
        try XCTUnwrap(values["notes-003"] as? Double), try XCTUnwrap(values["exact"] as? Double), rules
      )
    }
    return found
  }

  // MARK: analyze --convention notes-003

  /// Llama-3.1-8B (H 4096, n 8, d 128, I 14336, v 128256), B 3, S 100, tp 4: the note's formulas evaluated by
  /// Tests/Oracle/notes_003.py, e.g. decode row 8: 3·4096·3/4 = 9216; row 14: 2·3·4096·3/16 = 4608.
  func testTableOfTheNote() throws {
    let expected = """
      prefill 1 315201945600 52533657600 0
      prefill 2 4915200 4915200 0
      prefill 3 15099494400 25165824 0
      prefill 4 491520000 0 0
      prefill 5 0 614400 0
      prefill 6 0 0 1228800
      prefill 7 10066329600 16777216 0
      prefill 8 0 0 2457600
      prefill 9 4915200 4915200 0
      prefill 10 70464307200 58720256 0
      prefill 11 4300800 0 0
      prefill 12 0 8601600 0
      prefill 13 35232153600 58720256 0
      prefill 14 0 0 2457600
      prefill 15 315201945600 52533657600 0
      decode 1 3152019456 525336576 0
      decode 2 4915200 4915200 0
      decode 3 150994944 25165824 0
      decode 4 4915200 0 0
      decode 5 0 6144 0
      decode 6 0 0 12288
      decode 7 100663296 16777216 0
      decode 8 0 0 9216
      decode 9 4915200 49152 0
      decode 10 704643072 58720256 0
      decode 11 43008 0 0
      decode 12 0 86016 0
      decode 13 352321536 58720256 0
      decode 14 0 0 4608
      decode 15 3152019456 525336576 0
      """
    let rows = try rows(Self.inputs)
    var lines: [String] = []
    for phase in ["prefill", "decode"] {
      for row in try XCTUnwrap(rows[phase]) {
        let values = Self.columns.map { "\(row[$0] ?? "")" }
        lines.append(([phase, "\(row["number"] ?? "")"] + values).joined(separator: " "))
      }
    }
    XCTAssertEqual(lines, expected.split(separator: "\n").map(String.init))
  }

  /// The formulas stand in the note's letters, with the numbers beside them.
  func testFormulasAreInTheNotesLetters() throws {
    let decode = try XCTUnwrap(rows(Self.inputs)["decode"])
    let (qkv, gather) = (decode[2], decode[13])
    XCTAssertEqual((qkv["formulas"] as? [String: String])?["compute"], "2·B·H·H + 4·B·H·n·d")
    XCTAssertEqual(
      (qkv["substituted"] as? [String: String])?["compute"], "2 × 3 × 4096 × 4096 + 4 × 3 × 4096 × 8 × 128")
    XCTAssertEqual((gather["formulas"] as? [String: String])?["communication"], "2·B·H·(tp − 1) / (tp·tp)")
    XCTAssertEqual(decode.filter { $0["once"] as? Bool == true }.map { $0["number"] as? Int }, [1, 15])
  }

  func testOtherFormats() throws {
    let text = output("analyze --convention notes-003 \(Self.inputs)")
    for words in ["elements, not bytes", "4·B·S·S·H", "tp = 4", "14. mlp_all_gather", "1. embedding (once)"] {
      XCTAssertTrue(text.contains(words), words)
    }
    XCTAssertLessThanOrEqual(text.split(separator: "\n").map(\.count).max() ?? 0, 120)
    let markdown = output("analyze --convention notes-003 \(Self.inputs) --format markdown")
    XCTAssertTrue(markdown.contains("| 5. kv_cache | 0 | 0 | 2·B·S·n·d | 614.40 K | 0 | 0 |"))
    let csv = output("analyze --convention notes-003 \(Self.inputs) --format csv").split(separator: "\n")
    XCTAssertEqual(csv.count, 31)
    XCTAssertEqual(
      csv[0],
      "phase,row,compute_formula,compute_flop,memory_formula,memory_elements,communication_formula,communication_elements"
    )
    XCTAssertTrue(csv.contains("decode,attn_all_reduce,0,0,0,0,B·H·(tp − 1) / tp,9216"))
  }

  /// B 1, H 30, tp 4: 4·30/4 is whole, 30·3/4 and 2·30·3/16 elements are not.
  func testFractionsOfElementsStay() throws {
    let decode = try XCTUnwrap(
      rows("--model llama-3.1-8b --set hidden_size=30 --set head_dim=128 --hardware h100-sxm --tp 4 --prompt 5")[
        "decode"])
    XCTAssertEqual([5, 7, 13].map { decode[$0]["communication"] as? Double }, [30, 22.5, 11.25])
  }

  // MARK: diff

  /// By hand, in elements of the undivided layer and of what a device sends at TP 4. H 4096, h·d 4096, n·d 1024, I 14336, B 3,
  /// 100 keys.
  func testExactValuesBesideTheNotes() throws {
    let found = try differences("\(Self.inputs)")
    let expected: [(place: String, exact: Int, rules: [String])] = [
      ("decode embedding compute", 0, ["lookup"]),
      // 4·3·4096 + 3·3.
      ("decode attn_norm compute", 49_161, ["decode norm", "norm per row"]),
      // 2·3·4096 + 4096.
      ("decode mlp_norm memory", 28_672, ["norm traffic"]),
      // 4096·(4096 + 2·1024) of weights, three inputs of 3·4096, queries of 3·4096.
      ("decode qkv memory", 25_165_824 + 36_864 + 12_288, ["activations"]),
      // The note's 4·3·100·4096, and 5·3·32·100 for the softmax.
      ("decode attention compute", 4_915_200 + 48_000, ["softmax"]),
      // Queries and output of 3·4096, scores of 3·32·100 four times, K and V of 3·100·1024.
      ("decode attention memory", 24_576 + 38_400 + 614_400, ["attention traffic", "KV read"]),
      ("decode attn_all_gather communication", 0, ["no all-gather"]),
      // 2·3 pieces of 3·4096/4, for either all-reduce.
      ("decode attn_all_reduce communication", 18_432, ["ring all-reduce"]),
      ("decode mlp_all_gather communication", 18_432, ["second all-reduce"]),
      // 4096·14336 twice, two inputs of 3·4096 and outputs of 3·14336.
      ("decode up_gate memory", 117_440_512 + 24_576 + 86_016, ["MLP matrices", "activations"]),
      // 4 and 3 for each of 3·14336.
      ("decode gate_times_up compute", 172_032, ["silu"]), ("decode activation memory", 129_024, ["silu operands"]),
      // 128256·4096, 3·4096, 3·128256; three pieces of 3·128256/4.
      ("decode lm_head memory", 525_336_576 + 12_288 + 384_768, ["activations"]),
      ("decode lm_head communication", 288_576, ["logits gathered"]),
      // The head runs on 3 tokens, not 300.
      ("prefill lm_head compute", 3_152_019_456, ["last token"]),
      // 300 rows of 4096, 300 ids, 300 rows out.
      ("prefill embedding memory", 1_228_800 + 300 + 1_228_800, ["table rows", "activations"]),
      ("prefill attn_all_reduce communication", 6 * 307_200, ["ring all-reduce"]),
      ("prefill mlp_all_gather communication", 6 * 307_200, ["second all-reduce"]),
    ]
    for (place, exact, rules) in expected {
      let difference = try XCTUnwrap(found[place], place)
      XCTAssertEqual(difference.exact, Double(exact), place)
      XCTAssertEqual(difference.rules, rules, place)
    }
  }

  /// What the note has right is told from what it leaves out, and both from its slips.
  func testRightCellsAreToldFromSlips() throws {
    let document = try json("diff --conventions notes-003,exact \(Self.inputs)")
    let right = try XCTUnwrap(document["agreeing"] as? [[String: String]]).map {
      "\($0["phase"] ?? "") \($0["operator"] ?? "") \($0["column"] ?? "")"
    }
    let inBoth = ["qkv compute", "kv_cache memory", "o_proj compute", "up_gate compute", "down compute"]
    XCTAssertEqual(
      right, inBoth.map { "decode \($0)" } + ["decode lm_head compute"] + inBoth.map { "prefill \($0)" })
    let verdicts = try XCTUnwrap(document["differences"] as? [[String: Any]]).reduce(into: [String: String]()) {
      $0["\($1["operator"] ?? "") \($1["column"] ?? "")"] = $1["verdict"] as? String
    }
    for (cell, verdict) in [
      ("qkv memory", "incomplete"), ("o_proj memory", "incomplete"), ("down memory", "incomplete"),
      ("attention compute", "incomplete"), ("attention memory", "incomplete"), ("up_gate memory", "wrong"),
      ("embedding memory", "wrong"), ("attn_all_gather communication", "wrong"),
      ("mlp_all_gather communication", "wrong"), ("activation memory", "wrong"),
    ] { XCTAssertEqual(verdicts[cell], verdict, cell) }
    // A cell that no rule explains is no omission.
    let text = output("diff --conventions notes-003,exact \(Self.inputs)")
    XCTAssertTrue(text.contains("verdict  11 right, 17 incomplete, 24 wrong, and 38 are 0 in both"), text)
    XCTAssertTrue(text.contains("only in exact: rotary, attn_add, mlp_add, final_norm\n"), text)
  }

  /// The layer as one device does it all is the same at every degree.
  func testComputeAndMemoryDoNotDependOnTheDegree() throws {
    func cells(_ degree: Int) throws -> [String: Double] {
      try differences("--model llama-3.1-8b --hardware h100-sxm --batch 3 --prompt 100 --tp \(degree)")
        .filter { !$0.key.hasSuffix("communication") }.mapValues(\.exact)
    }
    let one = try cells(1)
    XCTAssertEqual(one.count, 31)
    for degree in [4, 32] { XCTAssertEqual(try cells(degree), one, "\(degree)") }
  }

  /// Every cell differs for a reason, whatever the inputs: odd lengths, heads not as wide as H, fewer KV heads than
  /// devices, biases, a vocabulary that the degree does not divide.
  func testOtherInputsAreExplained() throws {
    var cases = [
      (["second all-reduce"], "--model llama-3.1-8b --hardware h100-sxm --tp 32 --batch 3 --prompt 7"),
      (["bias"], "--model llama-3.1-8b --set attention_bias=true --hardware l4 --tp 16 --batch 5 --prompt 1"),
      (["bias"], "--model llama-3.1-8b --set attention_bias=true --set mlp_bias=true --hardware l4 --tp 2 --prompt 9"),
      (["logits gathered"], "--model llama-2-7b --set vocab_size=32003 --hardware l4 --tp 8 --batch 3 --prompt 11"),
      (
        ["head width"],
        "--model llama-3.1-8b --set head_dim=96 --set hidden_size=1000 --hardware l4 --tp 16 --batch 7 --prompt 13"
      ),
      (["no all-gather"], "--model llama-2-70b --hardware l4 --prompt 1"),
      (["relu"], "--model opt-6.7b --set vocab_size=50271 --hardware l4 --tp 16 --prompt 3"),
      (["gelu", "LayerNorm"], "--model pythia-6.9b --set use_parallel_residual=false --hardware l4 --prompt 13"),
    ]
    if let shared = Fixtures.shared {
      // 32 heads of 128 in 5120 columns.
      cases.append(
        (
          ["head width"],
          "--model \(shared)/configs/mistral-nemo-instruct-2407.json --hardware l4 --tp 16 --batch 3 --prompt 17"
        ))
    }
    for (rules, options) in cases {
      let found = Set(try differences(options).values.flatMap(\.rules))
      for rule in rules { XCTAssertTrue(found.contains(rule), "\(options): \(rule) not in \(found)") }
    }
  }

  /// A plain MLP has the second of the note's alternatives. By hand, of the undivided layer: H 4096, I 16384, B 3, S 100.
  func testPlainModels() throws {
    let lengths = "--hardware h100-sxm --tp 4 --batch 3 --prompt 100"
    for (model, compute, rule) in [("opt-6.7b", 0, "relu"), ("pythia-6.9b", 9 * 3 * 16_384, "gelu")] {
      let row = try XCTUnwrap(rows("--model \(model) \(lengths)")["decode"])[9]
      XCTAssertEqual((row["formulas"] as? [String: String])?["compute"], "2·B·H·I")
      XCTAssertEqual(row["memory"] as? Int, 2 * 4096 * 16_384)
      XCTAssertTrue(
        output("analyze --convention notes-003 --model \(model) \(lengths)").contains("a plain MLP's, the second"))
      let found = try differences("--model \(model) \(lengths)")
      let expected: [(place: String, exact: Int, rules: [String])] = [
        // 3·(7·4096 + 4), and 3 rows in and out, weight and bias.
        ("decode attn_norm compute", 86_028, ["decode norm", "LayerNorm"]),
        ("decode mlp_norm memory", 24_576 + 8192, ["norm traffic", "LayerNorm bias"]),
        // One matrix, where the note has two; a bias of 16384 added to 3 rows.
        ("decode up_gate compute", 402_653_184 + 49_152, ["bias"]),
        (
          "decode up_gate memory", 67_108_864 + 16_384 + 12_288 + 49_152, ["MLP matrices", "bias", "activations"]
        ),
        ("decode gate_times_up compute", compute, [rule]),
      ]
      for (place, exact, rules) in expected {
        let difference = try XCTUnwrap(found[place], place)
        XCTAssertEqual(difference.exact, Double(exact), "\(model) \(place)")
        XCTAssertEqual(difference.rules, rules, "\(model) \(place)")
      }
      // Read and written, as the note has it.
      XCTAssertNil(found["decode activation memory"], model)
    }
  }

  func testBothOrdersAndAllFormats() throws {
    for format in OutputFormat.allCases {
      let text = output("diff --conventions exact,notes-003 \(Self.inputs) --format \(format.rawValue)")
      XCTAssertFalse(text.contains("unexplained: "), format.rawValue)
      XCTAssertTrue(text.contains("An embedding is looked up: nothing is multiplied."), format.rawValue)
    }
    let forward = output("diff --conventions notes-003,exact \(Self.inputs) --format csv").split(separator: "\n")
    let backward = output("diff --conventions exact,notes-003 \(Self.inputs) --format csv").split(separator: "\n")
    XCTAssertEqual(forward[0], "phase,operator,column,notes-003,exact,verdict,reason")
    XCTAssertEqual(backward[0], "phase,operator,column,exact,notes-003,verdict,reason")
    XCTAssertTrue(forward.contains { $0.hasPrefix("decode,mlp_all_gather,communication,4608,18432,wrong,") })
    XCTAssertTrue(backward.contains { $0.hasPrefix("decode,mlp_all_gather,communication,18432,4608,wrong,") })
  }
}
