import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

final class AnalyzeCommandTests: CommandTestCase {
  /// The cells of a row of a text table, by its name, in the phase's main table.
  private func row(_ name: String, after heading: String, in text: String) -> [String] {
    let part = text.components(separatedBy: heading).dropFirst().first ?? ""
    let line = part.split(separator: "\n").first { $0.hasPrefix("\(name) ") } ?? ""
    return line.split(separator: " ").map(String.init)
  }

  func testMainTableShowsTheExactDecodeQueryProjection() {
    let text = output(Self.mainCommand)
    // 2·20·1024·8192 FLOP; 20·8192·2 + 1024·8192·2 + 20·1024·2 B; 19.57 FLOP/B × 1555 GB/s.
    XCTAssertEqual(
      row("q_proj", after: "decode:", in: text).prefix(9),
      ["q_proj", "80", "335.54", "M", "17.15", "M", "19.57", "30.43", "T"])
    XCTAssertEqual(
      row("q_proj", after: "(a row is one occurrence)", in: text.components(separatedBy: "decode:")[1]),
      ["q_proj", "16.78", "M", "327.68", "K", "40.96", "K", "0", "0", "0"])
  }

  func testRowsStandInTheContractsOrder() throws {
    let separate = """
      embedding embedding_all_reduce attn_norm q_proj k_proj v_proj rotary qk_matmul softmax sv_matmul o_proj attn_all_reduce \
      attn_add mlp_norm gate_proj up_proj mlp_silu_dot down_proj mlp_all_reduce mlp_add final_norm lm_head logits_all_gather
      """
    let fused = """
      embedding embedding_all_reduce attn_norm qkv_proj rotary attention o_proj attn_all_reduce attn_add_norm gate_up_proj \
      mlp_silu_dot down_proj mlp_all_reduce mlp_add_norm lm_head logits_all_gather
      """
    for (operators, expected) in [("separate", separate), ("fused", fused)] {
      for tp in [1, 8] {
        let document = try json(
          "analyze --model llama-2-70b --hardware h100-sxm --prompt 9 --tp \(tp) --operators \(operators)")
        let names = expected.split(separator: " ").filter {
          tp > 1 || !($0.contains("all_reduce") || $0.contains("gather"))
        }
        for phase in try XCTUnwrap(document["phases"] as? [[String: Any]]) {
          let rows = try XCTUnwrap(phase["operators"] as? [[String: Any]])
          XCTAssertEqual(rows.compactMap { $0["name"] as? String }, names.map(String.init), "\(operators) tp \(tp)")
        }
      }
    }
  }

  func testJSONHasTheKeysOfVersionOne() throws {
    let document = try json(Self.mainCommand)
    XCTAssertEqual(document["schemaVersion"] as? Int, 1)
    func keys(_ value: Any?) -> Set<String> { Set((value as? [String: Any])?.keys.map { $0 } ?? []) }
    XCTAssertTrue(keys(document["model"]).isSuperset(of: ["name", "path", "parameters"]))
    XCTAssertTrue(keys(document["hardware"]).isSuperset(of: ["name", "path", "rates"]))
    let rates = (document["hardware"] as? [String: Any])?["rates"]
    XCTAssertTrue(keys(rates).isSuperset(of: ["tensor", "vector", "special", "bandwidth", "link"]))
    XCTAssertTrue(
      keys(document["workload"]).isSuperset(of: [
        "batch", "prompt", "context", "tensorParallel", "operators", "weightDType", "activationDType", "kvDType",
        "computeEfficiency", "memoryEfficiency", "overlap", "time",
      ]))
    let phase = try XCTUnwrap((document["phases"] as? [[String: Any]])?.first)
    XCTAssertEqual(keys(phase), ["phase", "operators", "layer", "model", "subtotals"])
    let row = try XCTUnwrap((phase["operators"] as? [[String: Any]])?.first)
    XCTAssertTrue(
      keys(row).isSuperset(of: [
        "name", "kind", "occurrences", "flops", "bytes", "wireBytes", "arithmeticIntensity", "bound", "timeSeconds",
      ]))
    XCTAssertEqual(keys(row["flops"]), ["tensor", "vector", "special"])
    XCTAssertEqual(
      keys(row["bytes"]), ["loadWeight", "loadActivation", "storeActivation", "loadKVCache", "storeKVCache"])
    XCTAssertTrue(keys(phase["layer"]).isSuperset(of: ["flops", "bytes", "wireBytes", "timeSeconds"]))
  }

  func testRatesAreTheOnesDividedBy() throws {
    let document = try json("\(Self.mainCommand) --compute-efficiency 0.5 --memory-efficiency 0.25 --link 1e9")
    let rates = try XCTUnwrap((document["hardware"] as? [String: Any])?["rates"] as? [String: Any])
    XCTAssertEqual(rates["tensor"] as? Double, 156e12)
    XCTAssertEqual(rates["vector"] as? Double, 9.75e12)
    XCTAssertEqual(rates["bandwidth"] as? Double, 388.75e9)
    XCTAssertEqual(rates["link"] as? Double, 1e9, "efficiency does not scale the link")
  }

  func testEveryTextTableFitsThePage() throws {
    let catalog = Fixtures.catalog
    for model in catalog.modelNames {
      for hardware in catalog.hardwareNames where hardware != "orion-b1-gpu-small" {
        for operators in ["separate", "fused"] {
          let text = output(
            "analyze --model \(model) --hardware \(hardware) --batch 100 --prompt 30000 --operators \(operators) --dtype fp16"
          )
          for line in text.split(separator: "\n") where line.count > 120 {
            XCTFail("\(line.count) columns: \(line)")
          }
        }
      }
    }
  }

  func testAllColumnsStandInOneTableWhenAskedFor() {
    let text = output("\(Self.mainCommand) --columns all")
    XCTAssertEqual(row("q_proj", after: "decode:", in: text).count, 21)
    XCTAssertFalse(text.contains("memory by class"))
  }

  func testColourOnlyAtATerminalThatWantsIt() {
    let escape = "\u{1B}["
    func isColored(_ isTerminal: Bool, _ environment: [String: String]) -> Bool {
      let surroundings = Surroundings(environment: environment, isTerminal: isTerminal)
      return roofline(Self.mainCommand, surroundings).output.contains(escape)
    }
    XCTAssertTrue(isColored(true, [:]))
    XCTAssertTrue(isColored(true, ["NO_COLOR": ""]), "an empty NO_COLOR does not count (no-color.org)")
    XCTAssertFalse(isColored(false, [:]))
    XCTAssertFalse(isColored(true, ["NO_COLOR": "1"]))
    XCTAssertFalse(isColored(true, ["TERM": "dumb"]))
    let markdown = roofline("\(Self.mainCommand) --format markdown", Surroundings(isTerminal: true)).output
    XCTAssertFalse(markdown.contains(escape))
  }

  func testOverridesAndInputFilesAreShown() throws {
    let text = output("\(Self.mainCommand) --set intermediate_size=32768")
    XCTAssertTrue(text.contains("set: intermediate_size=32768"))
    XCTAssertTrue(text.contains("model    Models/llama-2-70b.json"))
    XCTAssertTrue(text.contains("hardware Hardware/a100-sxm4-40gb.json"))
    let document = try json("\(Self.mainCommand) --set intermediate_size=32768")
    XCTAssertEqual(
      (document["model"] as? [String: Any])?["overrides"] as? [String: String], ["intermediate_size": "32768"])
  }

  func testPhaseAndContext() throws {
    let decode = try json("analyze --model llama-2-7b --hardware h100-sxm --phase decode --context 77")
    XCTAssertEqual((decode["phases"] as? [[String: Any]])?.compactMap { $0["phase"] as? String }, ["decode"])
    XCTAssertEqual((decode["workload"] as? [String: Any])?["context"] as? Int, 77)
    let both = try json("analyze --model llama-2-7b --hardware h100-sxm --prompt 77")
    XCTAssertEqual((both["phases"] as? [[String: Any]])?.compactMap { $0["phase"] as? String }, ["prefill", "decode"])
    XCTAssertEqual((both["workload"] as? [String: Any])?["context"] as? Int, 78)
  }

  func testModelByFolderAndByPath() throws {
    let folder = try temporaryFolder()
    try FileManager.default.copyItem(
      atPath: "Models/qwen2-7b.json", toPath: folder.appendingPathComponent("config.json").path)
    for path in [folder.path, folder.appendingPathComponent("config.json").path] {
      let document = try json("analyze --model \(path) --hardware h100-sxm --prompt 5")
      let model = try XCTUnwrap(document["model"] as? [String: Any])
      XCTAssertEqual(model["name"] as? String, folder.lastPathComponent)
      XCTAssertEqual(model["path"] as? String, folder.appendingPathComponent("config.json").path)
      XCTAssertEqual(model["parameters"] as? Int, 7_615_616_512)
    }
  }

  func testCSVHasAHeaderWithUnitsAndRawNumbers() throws {
    let lines = output("\(Self.mainCommand) --format csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let header = lines[0].map(String.init)
    XCTAssertTrue(header.contains("memory_bytes") && header.contains("time_seconds"))
    XCTAssertTrue(lines.allSatisfy { $0.count == header.count })
    let decode = try XCTUnwrap(lines.first { $0[0] == "decode" && $0[1] == "q_proj" })
    XCTAssertEqual(decode[try XCTUnwrap(header.firstIndex(of: "flops"))], "335544320")
    XCTAssertEqual(decode[try XCTUnwrap(header.firstIndex(of: "memory_bytes"))], "17145856")
  }

  func testHelpNamesEveryOption() {
    for command in Tool.commands {
      let help = output("\(command.description.name) --help")
      for option in command.description.options { XCTAssertTrue(help.contains("--\(option.name)"), option.name) }
      for line in help.split(separator: "\n") { XCTAssertLessThanOrEqual(line.count, 130, String(line)) }
    }
    XCTAssertTrue(output("--help").contains("analyze"))
    XCTAssertTrue(output("help explain").contains("--operator"))
    XCTAssertTrue(output("--version").hasPrefix("roofline "))
  }

  /// Which unit binds is the largest of the four times, each recomputed from the JSON's counts and rates.
  func testUnitsApart() throws {
    let document = try json(Self.mainCommand.replacing("--batch 20", with: "--batch 20 --operators fused"))
    let rates = try XCTUnwrap((document["hardware"] as? [String: Any])?["rates"] as? [String: Any])
    var seen: Set<String> = []
    for phase in try XCTUnwrap(document["phases"] as? [[String: Any]]) {
      for row in try XCTUnwrap(phase["operators"] as? [[String: Any]]) {
        let binding = try XCTUnwrap(row["bindingUnit"] as? String)
        seen.insert(binding)
        guard binding != "network" else { continue }
        let flops = try XCTUnwrap(row["flops"] as? [String: Double])
        var times: [String: Double] = [:]
        for unit in ["tensor", "vector", "special"] {
          times[unit] = try XCTUnwrap(flops[unit]) / XCTUnwrap(rates[unit] as? Double)
        }
        times["memory"] =
          try XCTUnwrap(row["bytes"] as? [String: Double]).values.reduce(0, +)
          / XCTUnwrap(rates["bandwidth"] as? Double)
        XCTAssertEqual(times.max { $0.value < $1.value }?.key, binding, "\(row)")
      }
    }
    XCTAssertEqual(seen, ["tensor", "memory", "network"])
    let text = output("\(Self.mainCommand) --units --phase decode")
    XCTAssertTrue(text.contains("decode by unit"))
    XCTAssertTrue(
      output("\(Self.mainCommand) --units --format csv").hasPrefix("phase,operator,occurrences,tensor_flops"))
  }

  func testListAndShow() {
    XCTAssertEqual(output("list models").split(separator: "\n").count, Fixtures.catalog.modelNames.count)
    XCTAssertEqual(output("list hardware").split(separator: "\n").count, Fixtures.catalog.hardwareNames.count)
    let gpus = Dictionary(
      uniqueKeysWithValues: output("list hardware").split(separator: "\n").map { line in
        (line.prefix { $0 != " " }, line.split(whereSeparator: \.isWhitespace).dropFirst().joined(separator: " "))
      })
    for (name, facts) in [
      ("h100-sxm", "80.00 GB 3.35 TB/s fp16 989.00 TFLOP/s fp8 1.98 PFLOP/s NVIDIA H100 SXM5 80GB (also h100-sxm5,"),
      ("a100-sxm4-80gb", "80.00 GB 2.04 TB/s fp16 312.00 TFLOP/s fp8 – NVIDIA A100-SXM4-80GB (also a100_sxm,"),
      ("mi300x", "192.00 GB 5.30 TB/s fp16 1.31 PFLOP/s fp8 2.61 PFLOP/s AMD Instinct MI300X (also"),
      ("orion-b1-gpu-small", "6.36 GB – fp16 – fp8 – Orion vGPU B1.gpu.small"),
    ] {
      XCTAssertTrue(gpus[Substring(name)]?.hasPrefix(facts) == true, gpus[Substring(name)] ?? name)
    }
    for gpu in ["a100-sxm4-80gb", "h100-sxm", "l40s"] {
      XCTAssertTrue(output("list calibrations").contains("\(gpu)"), gpu)
    }
    XCTAssertTrue(output("list calibrations").contains("attention vllm-fa3 decode bf16 d128 grouped, 2511 rows"))
    let model = output("show llama-3.2-1b")
    for fact in ["1,235,814,400", "head_dim                 64", "tie_word_embeddings      true"] {
      XCTAssertTrue(model.contains(fact), model)
    }
    // 2·16·8·64 elements of 2 bytes.
    XCTAssertTrue(model.contains("KV cache per token       32,768 bytes"), model)
    XCTAssertTrue(output("show llama-2-70b").contains("head_dim = 128"), "the documented default is named")
    XCTAssertTrue(output("show a100_sxm").contains("a100-sxm4-80gb"), "by alias")
    XCTAssertTrue(output("show orion-b1-gpu-small").contains("6,356,467,712 bytes"))
  }

  // MARK: sums below the rows

  /// Owner's note 001, Qwen2-0.5B, 2 × 1024 tokens: its self_attn and mlp, of a layer and of all 24.
  func testSubtotalsAreTheNotes() throws {
    let run = "analyze --model qwen2-0.5b --hardware a100-sxm4-80gb --batch 2 --prompt 1024 --phase prefill"
    let (tensor, vector, special) = (15_032_385_536, 126_091_264, 29_360_128)
    let lines = output("\(run) --units --format csv").split(separator: "\n")
    XCTAssertTrue(
      lines.contains { $0.contains(",attention,24,\(tensor),\(vector),\(special),") }, lines.joined(separator: "\n"))
    XCTAssertTrue(lines.contains { $0.contains(",MLP,24,53552873472,") })
    let document = try json(run)
    let phase = try XCTUnwrap((document["phases"] as? [[String: Any]])?.first)
    let subtotals = try XCTUnwrap(phase["subtotals"] as? [String: [String: Any]])
    XCTAssertEqual((subtotals["mixer"]?["flops"] as? [String: Int])?["tensor"], 24 * tensor)
    XCTAssertEqual((subtotals["feedForward"]?["flops"] as? [String: Int])?["tensor"], 1_285_268_963_328)
    XCTAssertEqual((subtotals["communication"]?["wireBytes"] as? Int), 0)
  }

  /// The rows of a pass are each in one subtotal, or norms, additions, the embedding and the head.
  func testSubtotalsHaveEachRowOnce() throws {
    for model in ["llama-2-70b", "mixtral-8x7b"] {
      let document = try json("analyze --model \(model) --hardware h100-sxm --tp 8 --batch 4 --prompt 64")
      for phase in try XCTUnwrap(document["phases"] as? [[String: Any]]) {
        let rows = try XCTUnwrap(phase["operators"] as? [[String: Any]])
        let subtotals = try XCTUnwrap(phase["subtotals"] as? [String: [String: Any]])
        let wire = rows.reduce(0) { $0 + (($1["wireBytes"] as? Int) ?? 0) * (($1["occurrences"] as? Int) ?? 0) }
        XCTAssertEqual(subtotals["communication"]?["wireBytes"] as? Int, wire)
        func tensor(_ entry: [String: Any]?) -> Int { (entry?["flops"] as? [String: Int])?["tensor"] ?? -1 }
        let head = rows.filter { $0["name"] as? String == "lm_head" }.map(tensor).reduce(0, +)
        XCTAssertEqual(
          tensor(subtotals["mixer"]) + tensor(subtotals["feedForward"]) + head, tensor(phase["model"] as? [String: Any])
        )
      }
    }
  }

  func testTheLastLineIsWhatAUserWaitsFor() throws {
    let text = output("analyze --model llama-3.1-8b --hardware h100-sxm --prompt 512 --pp 2 --batch 4 --generate 2")
    let document = try json(
      "analyze --model llama-3.1-8b --hardware h100-sxm --prompt 512 --pp 2 --batch 4 --generate 2")
    let generation = try XCTUnwrap(document["generation"] as? [String: Any])
    let first = try XCTUnwrap(generation["timeToFirstTokenSeconds"] as? Double)
    let next = try XCTUnwrap((generation["timePerOutputTokenSeconds"] as? [String: Double])?["mean"])
    for (name, seconds) in [("TTFT", first), ("TPOT", next)] {
      let line = try XCTUnwrap(text.split(separator: "\n").first { $0.hasPrefix(name) })
      let printed = try XCTUnwrap(line.split(separator: " ").last.flatMap { Double($0) })
      XCTAssertEqual(printed, seconds * 1e6, accuracy: 0.006, "\(line)")
    }
  }

  func testWhatDoesNotFitIsSaid() throws {
    let run = "analyze --model llama-2-70b --hardware a100-sxm4-40gb --batch 20 --prompt 1024"
    XCTAssertTrue(
      output("\(run) --tp 1").contains("note     does not fit: a device needs 150."), output("\(run) --tp 1"))
    XCTAssertFalse(output("\(run) --tp 8").contains("does not fit"))
    // The weights fit, the caches of so many sequences do not.
    XCTAssertTrue(output("\(run.replacing("--batch 20", with: "--batch 2000")) --tp 8").contains("does not fit"))
  }

  func testNothingAttainsMoreThanItsRoof() throws {
    for command in [
      "analyze --model qwen2-0.5b --hardware a100-sxm4-80gb --batch 8 --prompt 4096 --operators fused",
      "analyze --model qwen2-7b --hardware h100-sxm --batch 64 --prompt 2048 --efficiency 0.9",
    ] {
      let document = try json(command)
      let rates = try XCTUnwrap((document["hardware"] as? [String: Any])?["rates"] as? [String: Any])
      let roof = try XCTUnwrap(rates["tensor"] as? Double)
      for phase in try XCTUnwrap(document["phases"] as? [[String: Any]]) {
        for row in try XCTUnwrap(phase["operators"] as? [[String: Any]]) {
          let attained = row["attainableFLOPsPerSecond"] as? Double ?? 0
          XCTAssertLessThanOrEqual(attained, roof, "\(command): \(row["name"] ?? "")")
        }
      }
    }
  }
}
