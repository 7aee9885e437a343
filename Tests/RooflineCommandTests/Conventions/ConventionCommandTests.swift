import Foundation
import RooflineReport
import TestSupport
import XCTest
import roofline

/// The owner's note 000 through the command line: its table to the digit, and every difference from the engine
/// explained.
final class ConventionCommandTests: CommandTestCase {
  private static let owners =
    "--model llama-2-70b --set intermediate_size=32768 --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024"
    + " --generate 1024 --efficiency 0.9"
  private static let others = "--model llama-3.1-8b --hardware h100-sxm --batch 7 --prompt 100 --generate 33"
  private static let counts = ["flops", "load_weight", "load_act", "store_act", "load_kv_cache", "store_kv_cache"]

  private struct OwnersCell {
    let phase, row, column, printed, raw: String
  }

  private func ownersCells() throws -> [OwnersCell] {
    let file = "\(Fixtures.packageRoot)/Tests/RooflineConventionsTests/Reference/llama2_70b_a100_tp8.tsv"
    return try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      XCTAssertEqual(fields.count, 5)
      return OwnersCell(phase: fields[0], row: fields[1], column: fields[2], printed: fields[3], raw: fields[4])
    }
  }

  /// Phase and operator to the entry of the document.
  private func operators(_ options: String) throws -> [String: [String: Any]] {
    let document = try json("analyze --convention llm-counts \(options)")
    XCTAssertEqual(document["schemaVersion"] as? Int, 1)
    XCTAssertEqual(document["convention"] as? String, "llm-counts")
    var entries: [String: [String: Any]] = [:]
    for phase in try XCTUnwrap(document["phases"] as? [[String: Any]]) {
      for entry in try XCTUnwrap(phase["operators"] as? [[String: Any]]) {
        entries["\(try XCTUnwrap(phase["phase"] as? String)) \(try XCTUnwrap(entry["name"] as? String))"] = entry
      }
    }
    return entries
  }

  private func differences(_ options: String) throws -> [[String: Any]] {
    let document = try json("diff --conventions llm-counts,exact \(options)")
    XCTAssertEqual(document["unexplained"] as? Int, 0)
    return try XCTUnwrap(document["differences"] as? [[String: Any]])
  }

  /// Counts to the last digit. Foundation's reader of JSON may miss a fraction by its last bit; the test of CSV does
  /// not.
  private func assertSame(_ value: Any?, _ raw: String, _ place: String, line: UInt = #line) throws {
    let (value, expected) = (try XCTUnwrap(value as? Double, place, line: line), try XCTUnwrap(Double(raw), line: line))
    if expected == expected.rounded() {
      XCTAssertEqual(value, expected, place, line: line)
    } else {
      XCTAssertEqual(value, expected, accuracy: expected * 1e-15, place, line: line)
    }
  }

  // MARK: analyze --convention llm-counts

  func testOwnersThreeHundredCells() throws {
    let cells = try ownersCells()
    XCTAssertEqual(cells.count, 300)
    let entries = try operators(Self.owners)
    XCTAssertEqual(entries.count, 30)
    for cell in cells {
      let place = "\(cell.phase) \(cell.row) \(cell.column)"
      let entry = try XCTUnwrap(entries["\(cell.phase) \(cell.row)"], place)
      let printed = try XCTUnwrap(entry["printed"] as? [String: String], place)
      XCTAssertEqual(printed.count, 10)
      XCTAssertEqual(printed[cell.column], cell.printed, place)
      if cell.column == "bound" {
        XCTAssertEqual(entry[cell.column] as? String, cell.printed, place)
      } else if !cell.raw.isEmpty {
        try assertSame(entry[cell.column], cell.raw, place)
      }
    }
  }

  /// The texts of the tables for people are those of the note, in its order.
  func testOwnersTextsStandInTheTables() throws {
    let lines = output("analyze --convention llm-counts \(Self.owners) --columns all").split(separator: "\n")
    let markdown = output("analyze --convention llm-counts \(Self.owners) --format markdown").split(separator: "\n")
    let cells = try ownersCells()
    for phase in ["prefill", "decode"] {
      let start = try XCTUnwrap(lines.firstIndex { $0.hasPrefix("\(phase): ") })
      let markdownStart = try XCTUnwrap(markdown.firstIndex { $0.hasPrefix("### \(phase): ") })
      for row in Set(cells.map(\.row)) {
        let texts = cells.filter { $0.phase == phase && $0.row == row }.map(\.printed)
        let line = try XCTUnwrap(lines[start...].first { $0.hasPrefix("\(row) ") })
        XCTAssertEqual(
          line.split(separator: " ").map(String.init),
          ([row] + texts).flatMap { $0.split(separator: " ") }.map(String.init))
        XCTAssertTrue(
          markdown[markdownStart...].contains { $0 == "| \(([row] + texts).joined(separator: " | ")) |" }, row)
      }
    }
  }

  func testCSVHoldsRawValues() throws {
    let lines = output("analyze --convention llm-counts \(Self.owners) --format csv").split(separator: "\n")
    XCTAssertEqual(lines.count, 31)
    XCTAssertEqual(
      lines[0],
      "phase,operator,flops,memory_access,arithmetic_intensity,performance,bound,load_weight,load_act,store_act,load_kv_cache,store_kv_cache"
    )
    let names = lines[0].split(separator: ",").map(String.init)
    for cell in try ownersCells() where !cell.raw.isEmpty && cell.column != "bound" {
      let line = try XCTUnwrap(lines.first { $0.hasPrefix("\(cell.phase),\(cell.row),") })
      let field = line.split(separator: ",")[try XCTUnwrap(names.firstIndex(of: cell.column))]
      XCTAssertEqual(Double(field), Double(cell.raw), "\(cell)")
    }
    let fields = try XCTUnwrap(lines.first { $0.hasPrefix("decode,q_proj,") }).split(separator: ",").map(String.init)
    XCTAssertEqual(Array(fields[2...3]), ["335544320", "16859136"])
    XCTAssertEqual(try XCTUnwrap(Double(fields[4])), 19.90281827016521)
    // 19.90281827016521 FLOP/B × 1555e9 × 0.9 B/s
    XCTAssertEqual(try XCTUnwrap(Double(fields[5])), 2.785399416916e13, accuracy: 1e3)
    XCTAssertEqual(Array(fields[6...]), ["memory", "16777216", "40960", "40960", "0", "0"])
  }

  /// Llama-3.1-8B (H 4096, h 32, k 8, d 128, I 14336), B 7, S 100, G 33, TP 4: computed by a script that follows the
  /// contract's section word by word (prefill first, then ⌊/4⌋, then ⌊/100⌋ for decode), e.g. decode qk_matmul:
  /// ⌊⌊2·7·100²·4096/4⌋/100⌋ = 1,433,600; ⌊⌊2·7·100·8/4⌋/100⌋ = 28; ⌊⌊7·32·100²·2/4⌋/100⌋ = 11,200;
  /// ⌊133·128·7·8·2/4⌋ = 476,672. flops, load_weight, load_act, store_act, load_kv_cache, store_kv_cache:
  func testOtherInputs() throws {
    let expected = """
      prefill q_proj 5872025600 8388608 1433600 1433600 0 0
      prefill k_proj 1468006400 2097152 1433600 0 0 358400
      prefill v_proj 1468006400 2097152 1433600 0 0 358400
      prefill out_proj 5872025600 8388608 1433600 1433600 0 0
      prefill gate_proj 20552089600 29360128 1433600 5017600 0 0
      prefill up_proj 20552089600 29360128 1433600 5017600 0 0
      prefill down_proj 20552089600 29360128 5017600 1433600 0 0
      prefill qk_matmul 143360000 0 2800 1120000 0 0
      prefill sv_matmul 143360000 0 1120000 1433600 0 0
      prefill softmax 2150400 0 1120000 1120000 0 0
      prefill attn_norm 2867200 2048 1433600 1433600 0 0
      prefill mlp_norm 2867200 2048 1433600 1433600 0 0
      prefill mlp_silu_dot 10035200 0 10035200 10035200 0 0
      prefill attn_add 716800 0 1433600 1433600 0 0
      prefill mlp_add 716800 0 1433600 1433600 0 0
      decode q_proj 58720256 8388608 14336 14336 0 0
      decode k_proj 14680064 2097152 14336 0 0 3584
      decode v_proj 14680064 2097152 14336 0 0 3584
      decode out_proj 58720256 8388608 14336 14336 0 0
      decode gate_proj 205520896 29360128 14336 50176 0 0
      decode up_proj 205520896 29360128 14336 50176 0 0
      decode down_proj 205520896 29360128 50176 14336 0 0
      decode qk_matmul 1433600 0 28 11200 476672 0
      decode sv_matmul 1433600 0 11200 14336 476672 0
      decode softmax 21504 0 11200 11200 0 0
      decode attn_norm 28672 2048 14336 14336 0 0
      decode mlp_norm 28672 2048 14336 14336 0 0
      decode mlp_silu_dot 100352 0 100352 100352 0 0
      decode attn_add 7168 0 14336 14336 0 0
      decode mlp_add 7168 0 14336 14336 0 0
      """
    let entries = try operators("\(Self.others) --tp 4")
    let lines = expected.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    XCTAssertEqual(lines.count, entries.count)
    for line in lines {
      let entry = try XCTUnwrap(entries["\(line[0]) \(line[1])"])
      XCTAssertEqual(Self.counts.map { "\(entry[$0] ?? "")" }, Array(line[2...]), "\(line[0]) \(line[1])")
    }
    // 1,433,600 / (28 + 11,200 + 476,672) FLOP/B times 3350e9 B/s; 989e12/3350e9 = 295.2 is the ridge.
    let decode = try XCTUnwrap(entries["decode qk_matmul"])
    XCTAssertEqual(try XCTUnwrap(decode["performance"] as? Double), 9843328550932.568, accuracy: 1)
    XCTAssertEqual(
      decode["printed"] as? [String: String],
      [
        "flops": "1.43 M", "memory_access": "487.9 K", "arithmetic_intensity": "2", "performance": "9.84 T",
        "bound": "memory", "load_weight": "0", "load_act": "28", "store_act": "11.2 K", "load_kv_cache": "476.67 K",
        "store_kv_cache": "0",
      ])
    // 5,872,025,600 / 11,255,808 = 521.7 is above it.
    XCTAssertEqual(entries["prefill q_proj"]?["performance"] as? Double, 989e12)
    XCTAssertEqual(entries["prefill q_proj"]?["bound"] as? String, "compute")
  }

  /// ⌊2·7·8/32⌋ = 3 of 3.5 bytes.
  func testFloorDivisionDropsRemainders() throws {
    XCTAssertEqual(try operators("\(Self.others) --tp 32")["decode qk_matmul"]?["load_act"] as? Int, 3)
  }

  func testPrefillAloneNeedsNothingGenerated() throws {
    let entries = try operators(
      "--model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024 --phase prefill")
    XCTAssertEqual(entries.count, 15)
    // 2·20·1024·8192²/8, as the owner's.
    XCTAssertEqual(entries["prefill q_proj"]?["flops"] as? Int, 343_597_383_680)
  }

  // MARK: diff

  func testEveryDifferenceFromTheOwnersTableIsExplained() throws {
    let differences = try differences(Self.owners)
    XCTAssertEqual(differences.count, 142)
    let printed = try ownersCells()
    for difference in differences {
      let place = ["phase", "operator", "column"].map { difference[$0] as? String ?? "" }
      XCTAssertFalse(try XCTUnwrap(difference["rules"] as? [String]).isEmpty, "\(place)")
      let reason = try XCTUnwrap(difference["reason"] as? String)
      XCTAssertTrue(reason.hasSuffix(".") && !reason.contains("unexplained"), "\(place): \(reason)")
      let values = try XCTUnwrap(difference["values"] as? [String: Any])
      XCTAssertEqual(Set(values.keys), ["llm-counts", "exact"])
      let cell = try XCTUnwrap(printed.first { [$0.phase, $0.row, $0.column] == place })
      if cell.column != "bound", !cell.raw.isEmpty {
        try assertSame(values["llm-counts"], cell.raw, "\(place)")
      }
    }
    // The exact values are the engine's at 2048 keys: q_proj's input is 20·8192·2 bytes on every rank.
    let input = try XCTUnwrap(
      differences.first {
        $0["phase"] as? String == "decode" && $0["operator"] as? String == "q_proj"
          && $0["column"] as? String == "load_act"
      })
    XCTAssertEqual((input["values"] as? [String: Any])?["exact"] as? Int, 327_680)
    XCTAssertEqual(input["rules"] as? [String], ["replicated input"])
    XCTAssertEqual(
      input["reason"] as? String,
      "Every rank reads all of a column-parallel GEMM's input; the reference divides it by TP.")
  }

  func testFormatsOfDiffAgree() throws {
    for format in OutputFormat.allCases {
      let text = output("diff --conventions exact,llm-counts \(Self.owners) --format \(format.rawValue)")
      XCTAssertFalse(text.contains("unexplained: "), format.rawValue)
      XCTAssertTrue(text.contains("A softmax does 5 operations for each of h·S scores"), format.rawValue)
    }
    let lines = output("diff \(Self.owners) --format csv").split(separator: "\n")
    XCTAssertEqual(lines.count, 143)
    XCTAssertEqual(lines[0], "phase,operator,column,llm-counts,exact,reason")
    XCTAssertTrue(lines.contains { $0.hasPrefix("prefill,k_proj,bound,compute,memory,") })
    XCTAssertTrue(
      output("diff --conventions exact,llm-counts \(Self.owners) --format csv").contains(
        "prefill,k_proj,bound,memory,compute,"))
  }

  /// Inputs unlike the owner's need reasons of their own, and get them.
  func testOtherInputsAreExplained() throws {
    for (options, rules) in [
      ("\(Self.others) --tp 4", ["replicated input"]), ("\(Self.others) --tp 1", ["decode context"]),
      ("\(Self.others) --tp 32", ["KV heads replicated", "floor division"]),
      ("\(Self.others) --tp 16 --set attention_bias=true", ["bias", "KV heads replicated"]),
      ("--model llama-2-7b --hardware t4 --prompt 77 --generate 1 --compute-efficiency 0.001", ["units apart"]),
      ("--model qwen2-0.5b --hardware a100-sxm4-40gb --prompt 4096 --generate 1 --batch 64", ["bias"]),
    ] {
      let found = Set(try differences(options).flatMap { $0["rules"] as? [String] ?? [] })
      for rule in rules { XCTAssertTrue(found.contains(rule), "\(options): \(rule) not in \(found)") }
    }
  }

  /// Llama-3.1-8B under TP 32, 8 KV heads: a device holds one whole head, 2·7·4096·128 FLOPs of k_proj, not 1/4 of
  /// them.
  func testFewerKVHeadsThanDevices() throws {
    let difference = try XCTUnwrap(
      differences("\(Self.others) --tp 32 --phase decode").first {
        $0["operator"] as? String == "k_proj" && $0["column"] as? String == "flops"
      })
    let values = try XCTUnwrap(difference["values"] as? [String: Any])
    XCTAssertEqual(values["llm-counts"] as? Int, 1_835_008)
    XCTAssertEqual(values["exact"] as? Int, 7_340_032)
    XCTAssertEqual(difference["rules"] as? [String], ["KV heads replicated"])
  }
}
