import Foundation
import RooflineConventions
import RooflineCore
import TestSupport
import XCTest
import roofline

/// `explain --convention` explains the note's own cells, each by the formula that the note's table is computed with.
final class ConventionExplanationTests: CommandTestCase {
  private static let inputs = "--model llama-3.1-8b --hardware h100-sxm --tp 4 --batch 7 --prompt 100"
  private static let derived = ["memory_access", "arithmetic_intensity", "performance", "bound"]

  private struct Entry: Decodable {
    let quantity, symbolic, substituted, value, unit, source: String
  }

  private struct Explanation: Decodable {
    let name, phase, convention: String
    let entries: [Entry]
  }

  private func explanations(_ line: String) throws -> [Explanation] {
    try JSONDecoder().decode([Explanation].self, from: Data(output("explain \(line) --format json").utf8))
  }

  /// The values of the note's table: phase, row and column.
  private func table(_ line: String) throws -> [String: String] {
    var values: [String: String] = [:]
    for phase in try XCTUnwrap(json("analyze \(line)")["phases"] as? [[String: Any]]) {
      for row in try XCTUnwrap(phase["operators"] as? [[String: Any]]) {
        for (column, value) in row {
          values["\(phase["phase"] ?? "") \(row["name"] ?? "") \(column)"] = "\(value)"
        }
      }
    }
    return values
  }

  /// Each formula with numbers, evaluated by a reader that knows nothing of the note, is the cell of the note's table.
  func testEveryCellOfNote000() throws {
    let line = "--convention llm-counts \(Self.inputs) --generate 33"
    let table = try table(line)
    var cells = 0
    for (row, _) in ConventionCell.rows {
      let explanations = try explanations("\(line) --operator \(row)")
      XCTAssertEqual(explanations.map(\.phase), ["decode", "prefill"], row)
      for explanation in explanations {
        XCTAssertEqual(explanation.convention, "llm-counts")
        XCTAssertEqual(explanation.entries.map(\.quantity), ConventionCell.Column.allCases.map(\.rawValue))
        for entry in explanation.entries {
          let place = "\(explanation.phase) \(row) \(entry.quantity)"
          cells += 1
          guard !Self.derived.dropFirst().contains(entry.quantity) else { continue }
          XCTAssertEqual(entry.value, table[place], place)
          XCTAssertEqual(try FormulaEvaluator.integer(entry.substituted), UInt64(entry.value), place)
        }
      }
    }
    XCTAssertEqual(cells, 300)
  }

  /// 7·133 keys of 8 heads of 128, two bytes, over four devices; a query's byte for each of eight KV heads.
  func testFormulasStandInLetters() throws {
    let decode = try XCTUnwrap(
      explanations("--convention llm-counts \(Self.inputs) --generate 33 --operator qk_matmul --phase decode").first)
    let entries = Dictionary(uniqueKeysWithValues: decode.entries.map { ($0.quantity, $0) })
    XCTAssertEqual(entries["load_kv_cache"]?.symbolic, "⌊(S + G)·d·B·h_kv·2 / tp⌋")
    XCTAssertEqual(entries["load_kv_cache"]?.value, "476672")
    XCTAssertEqual(entries["load_act"]?.symbolic, "⌊2·B·h_kv / tp⌋")
    XCTAssertEqual(entries["load_act"]?.value, "28")
    // 7 · 8 heads of 128, two bytes.
    XCTAssertTrue(try XCTUnwrap(entries["load_act"]).source.contains("exact is 14336: A token's queries are h·d"))
    XCTAssertTrue(try XCTUnwrap(entries["load_weight"]).source.contains("exact has the same"))
    XCTAssertEqual(entries["bound"]?.value, "memory")
    XCTAssertEqual(entries["memory_access"]?.substituted, "0 + 28 + 11200 + 476672 + 0")
  }

  func testEveryRowOfNote003() throws {
    let line = "--convention notes-003 \(Self.inputs)"
    let table = try table(line)
    for row in Notes003Cell.Row.allCases {
      let explanations = try explanations("\(line) --operator \(row.rawValue)")
      XCTAssertEqual(explanations.map(\.phase), ["decode", "prefill"])
      for explanation in explanations {
        XCTAssertEqual(explanation.entries.map(\.quantity), ["compute", "memory", "communication"])
        for entry in explanation.entries {
          let place = "\(explanation.phase) \(row.rawValue) \(entry.quantity)"
          XCTAssertEqual(entry.value, table[place], place)
          XCTAssertEqual(try FormulaEvaluator.integer(entry.substituted), UInt64(entry.value), place)
          XCTAssertTrue(entry.source.hasPrefix("row \(row.number) of note 003; exact "), entry.source)
        }
      }
    }
    let qkv = try XCTUnwrap(explanations("\(line) --operator qkv --phase prefill").first)
    XCTAssertEqual(qkv.entries.map(\.symbolic), ["2·B·S·H·H + 4·B·S·H·n·d", "H·H + 2·H·n·d", "0"])
  }

  /// The engine's name of a row that the note calls otherwise is taken, one that it has not is refused.
  func testNamesOfRows() throws {
    let line = "--convention llm-counts \(Self.inputs) --generate 33"
    XCTAssertEqual(try explanations("\(line) --operator o_proj").first?.name, "out_proj")
    for (command, words) in [
      ("explain \(line) --operator rotary", "llm-counts has no such row; there are q_proj, k_proj"),
      ("explain \(line) --operator of_proj", "did you mean"),
      ("explain --convention notes-003 \(Self.inputs) --operator layer", "notes-003 has no such row"),
      ("explain --convention llm-counts \(Self.inputs) --operator q_proj", "--generate is missing"),
      ("explain \(line) --operator q_proj --units", "--units means nothing to llm-counts"),
      ("explain \(line) --operator q_proj --ceilings none.json", "--ceilings means nothing to llm-counts"),
      ("explain \(line) --operator q_proj --pages vllm", "--pages means nothing to llm-counts"),
      ("analyze \(line) --images 10x10", "--images means nothing to llm-counts"),
      ("analyze \(line) --draft 1", "--draft means nothing to llm-counts"),
    ] {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, 64, command)
      XCTAssertTrue(outcome.errors.contains(words), outcome.errors)
    }
  }

  // MARK: the note's own order

  /// Decode first, operators and columns as the note prints them; its texts to the digit.
  func testTheTableIsTheNotesDictionaryInItsOrder() throws {
    let text = output(
      "analyze --convention llm-counts --model llama-2-70b --set intermediate_size=32768 --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024 --generate 1024 --efficiency 0.9 --format json"
    )
    let document = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let table = try XCTUnwrap(document["table"] as? [String: [String: [String: Any]]])
    let file = "\(Fixtures.packageRoot)/Tests/RooflineConventionsTests/Reference/llama2_70b_a100_tp8.tsv"
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").dropFirst()
    for line in lines {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      XCTAssertEqual(table[fields[0]]?[fields[1]]?[fields[2]].map { "\($0)" }, fields[3], "\(fields)")
    }
    XCTAssertEqual(table["decode"]?["q_proj"]?["arithmetic_intensity"] as? Int, 19)
    // The keys in the order of the text.
    let dictionary = try XCTUnwrap(text.components(separatedBy: "\"table\" : {").last)
    let keys = dictionary.split(separator: "\n").compactMap { line -> String? in
      let parts = line.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
      return parts.count == 3 ? String(parts[1]) : nil
    }
    let columns = ConventionCell.Column.allCases.map(\.rawValue)
    let rows = ConventionCell.rows.map(\.name)
    XCTAssertEqual(keys, ["decode", "prefill"].flatMap { [$0] + rows.flatMap { [$0] + columns } })
  }

  func testTablesBeginWithDecode() throws {
    for convention in ["llm-counts \(Self.inputs) --generate 3", "notes-003 \(Self.inputs)"] {
      let text = output("analyze --convention \(convention)")
      let (decode, prefill) = (text.range(of: "\ndecode"), text.range(of: "\nprefill"))
      XCTAssertLessThan(try XCTUnwrap(decode).lowerBound, try XCTUnwrap(prefill).lowerBound, convention)
    }
  }

  // MARK: what a table leaves open

  /// At the note's own inputs either reading gives its table; at others, with 4 devices for 8 KV heads, they part.
  func testReadingsThatOneTableCannotSettle() throws {
    let own = output(
      "diff --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024 --generate 1024")
    XCTAssertTrue(own.contains("qk_matmul load_act: ⌊2·B·h_kv / tp⌋ = 40 is taken; 2·B = 40 would give"), own)
    XCTAssertTrue(own.contains("attends 2047, since the"), own)
    let other = output("diff \(Self.inputs) --generate 33")
    XCTAssertTrue(other.contains("qk_matmul load_act: ⌊2·B·h_kv / tp⌋ = 28 is taken; 2·B = 14 would give"), other)
  }

  /// Of 142 cells 84 are sums and quotients of others; the bounds that turn stay.
  func testCellsThatOnlyFollowAreFolded() throws {
    let line =
      "diff --model llama-2-70b --set intermediate_size=32768 --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024 --generate 1024 --efficiency 0.9"
    let folded = output(line)
    XCTAssertTrue(folded.contains("142 of 300 cells differ"))
    XCTAssertTrue(folded.contains("derived  84 more cells only follow"), folded)
    XCTAssertEqual(folded.split(separator: "\n").count { $0.hasSuffix(" derived columns follow") }, 2)
    let all = output("\(line) --columns all")
    XCTAssertEqual(all.split(separator: "\n").count { $0.hasSuffix(" derived columns follow") }, 86)
    XCTAssertEqual(output("\(line) --format csv").split(separator: "\n").count, 143)
  }

  /// 136 of its cells are right for the real Llama-2-70B, whose intermediate size is 28672.
  func testTheTableAgainstTheRealModel() throws {
    // As the note has it, its own 32768 stands where the model has 28672: the cells of a table with both put in.
    let line = "--hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024 --generate 1024 --efficiency 0.9"
    let note = try table("--convention llm-counts --model llama-2-70b --set intermediate_size=32768 \(line)")
    let real = try json(
      "analyze --model llama-2-70b \(line.replacing(" --generate 1024", with: " --context 2048")) --dtype fp16")
    var right = 0
    for phase in try XCTUnwrap(real["phases"] as? [[String: Any]]) {
      let rows = try XCTUnwrap(phase["operators"] as? [[String: Any]])
      for (name, row) in ConventionCell.rows {
        let entry = try XCTUnwrap(rows.first { $0["name"] as? String == row.rawValue })
        let flops = try XCTUnwrap(entry["flops"] as? [String: Int]).values.reduce(0, +)
        let bytes = try XCTUnwrap(entry["bytes"] as? [String: Int])
        let counts = [
          "flops": flops, "memory_access": bytes.values.reduce(0, +), "load_weight": bytes["loadWeight"] ?? 0,
          "load_act": bytes["loadActivation"] ?? 0, "store_act": bytes["storeActivation"] ?? 0,
          "load_kv_cache": bytes["loadKVCache"] ?? 0, "store_kv_cache": bytes["storeKVCache"] ?? 0,
        ]
        func cell(_ column: String) throws -> String {
          try XCTUnwrap(note["\(phase["phase"] ?? "") \(name) \(column)"])
        }
        right += try counts.count { try cell($0.key) == String($0.value) }
        right += try cell("bound") == entry["bound"] as? String ? 1 : 0
        let time = try XCTUnwrap(entry["timeSeconds"] as? Double)
        for (column, value) in [
          ("arithmetic_intensity", Double(flops) / Double(counts["memory_access"] ?? 1)),
          ("performance", Double(flops) / time),
        ] {
          let noted = try XCTUnwrap(Double(try cell(column)))
          right += abs(noted / value - 1) < 1e-12 ? 1 : 0
        }
      }
    }
    XCTAssertEqual(right, 136)
    let diff = try json("diff --model llama-2-70b --note-intermediate 32768 \(line)")
    XCTAssertEqual((diff["differences"] as? [Any])?.count, 164)
    XCTAssertEqual((diff["agreeing"] as? [Any])?.count, 136 - 68, "68 are 0 in both")
    XCTAssertEqual(diff["unexplained"] as? Int, 0)
  }
}
