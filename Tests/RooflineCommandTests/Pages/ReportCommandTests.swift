import Foundation
import TestSupport
import XCTest
import roofline

/// `report`: one page whose numbers are those of the other commands.
final class ReportCommandTests: CommandTestCase {
  private let run = "--model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024"

  /// The JSON inside a page.
  private func data(_ page: String, line: UInt = #line) throws -> [String: Any] {
    let start = try XCTUnwrap(page.range(of: "id=\"data\">"), line: line).upperBound
    let end = try XCTUnwrap(page.range(of: "</script>", range: start..<page.endIndex), line: line).lowerBound
    return try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(page[start..<end].utf8)) as? [String: Any], line: line)
  }

  private func verdicts(_ line: String) throws -> [String: String] {
    let list = try XCTUnwrap(data(output("report \(line)"))["verdict"] as? [[String: Any]])
    return Dictionary(
      uniqueKeysWithValues: list.map { ($0["label"] as? String ?? "", "\($0["text"] ?? ""): \($0["detail"] ?? "")") })
  }

  func testThePageHoldsWhatAnalyzeAndFootprintPrint() throws {
    for line in [run, "\(run) --generate 64", "--model qwen3-8b --hardware h100-sxm --prompt 99 --time calibrated"] {
      let page = try data(output("report \(line)"))
      let analysis = try XCTUnwrap(page["analysis"] as? NSDictionary)
      XCTAssertEqual(analysis, try json("analyze \(line)") as NSDictionary, line)
    }
    let footprint = try XCTUnwrap(data(output("report \(run) --generate 64"))["footprint"] as? NSDictionary)
    XCTAssertEqual(footprint, try json("footprint \(run) --generate 64") as NSDictionary)
  }

  /// 12.31 ms is the README's decode step; one A100 of eight holds 17.2 GB of the weights.
  func testTheVerdictSaysWhatLimitsAndWhetherItFits() throws {
    let own = try verdicts(run)
    XCTAssertTrue(try XCTUnwrap(own["decode is limited by"]).hasPrefix("memory: memory "))
    XCTAssertTrue(try XCTUnwrap(own["prefill is limited by"]).hasPrefix("compute: compute "))
    XCTAssertTrue(try XCTUnwrap(own["TPOT"]).hasPrefix("12.31 ms: "))
    XCTAssertTrue(try XCTUnwrap(own["TTFT"]).contains("prefill"))
    XCTAssertTrue(try XCTUnwrap(own["memory of a GPU"]).hasPrefix("fits: "))
    let large = try verdicts("--model llama-2-70b --hardware a100-sxm4-40gb --prompt 1024")
    XCTAssertTrue(try XCTUnwrap(large["memory of a GPU"]).hasPrefix("does not fit: "))
    let training = try verdicts("--model llama-3.2-1b --hardware h100-sxm --training --sequence 512")
    XCTAssertNotNil(training["forward and backward"])
    XCTAssertNil(training["TTFT"])
    let generated = try verdicts("\(run) --generate 64")
    XCTAssertTrue(try XCTUnwrap(generated["TPOT"]).contains("the mean step"))
  }

  func testALoadStandsFirstAsAnalyzeHasIt() throws {
    let run = "--model llama-3.2-1b --hardware h100-sxm --engine vllm-0.11 --dp 2 --prompt 300 --generate 6"
    for load in ["--load closed --concurrency 9", "--load static --concurrency 3", "--arrival 40 --requests 50"] {
      let page = try data(output("report \(run) \(load)"))
      let own = try json("analyze \(run) \(load)") as NSDictionary
      XCTAssertEqual(try XCTUnwrap(page["load"] as? NSDictionary), own, load)
      let latency = try XCTUnwrap(own["latency"] as? [String: Any])
      let list = try XCTUnwrap(page["verdict"] as? [[String: Any]])
      for (place, key) in ["ttft", "tpot"].enumerated() {
        let times = try XCTUnwrap(latency[key] as? [String: Any])
        func milliseconds(_ name: String) -> String {
          String(format: "%.2f ms", (times["\(name)Seconds"] as? Double ?? .nan) * 1e3)
        }
        XCTAssertEqual(list[place]["label"] as? String, "\(key.uppercased()) under the load")
        XCTAssertEqual(list[place]["text"] as? String, milliseconds("mean"))
        let detail = try XCTUnwrap(list[place]["detail"] as? String)
        XCTAssertTrue(detail.contains("p50 \(milliseconds("p50")), p99 \(milliseconds("p99"))"), detail)
      }
      let rate = try XCTUnwrap((own["throughput"] as? [String: Any])?["requestsPerSecond"] as? Double)
      XCTAssertEqual(list[2]["text"] as? String, String(format: "%.2f", rate))
      XCTAssertTrue(try XCTUnwrap(list[2]["detail"] as? String).hasPrefix("on 2 GPUs; "))
      // The rest is of one request, as it would be without the others.
      let labels = list.compactMap { $0["label"] as? String }
      XCTAssertTrue(labels.contains("TTFT of one request alone") && !labels.contains("TTFT"), "\(labels)")
      let alone = try data(output("report \(run)"))
      XCTAssertEqual(page["analysis"] as? NSDictionary, alone["analysis"] as? NSDictionary)
      XCTAssertNil(alone["load"])
    }
    for (options, words) in [
      ("--load closed", "--concurrency is missing"),
      ("--load closed --concurrency 2 --batch 4", "--batch means nothing"),
      ("--concurrency 2", "give --load or --arrival"), ("--arrival 2 --phase decode", "--phase means nothing"),
    ] {
      let outcome = roofline("report \(run) \(options)")
      XCTAssertEqual(outcome.exitCode, 64, options)
      XCTAssertTrue(outcome.errors.contains(words), outcome.errors)
      XCTAssertEqual(outcome.output, "")
    }
  }

  func testEveryRowHasTheDerivationThatExplainPrints() throws {
    let page = try data(output("report \(run)"))
    let derivations = try XCTUnwrap(page["derivations"] as? [String: Any])
    let terms = try XCTUnwrap(derivations["terms"] as? [String])
    let lines = try XCTUnwrap(derivations["lines"] as? [Any]).map { line in
      (line as? String) ?? (line as? [Int] ?? []).map { terms[$0] }.joined(separator: " + ")
    }
    let paragraphs = try XCTUnwrap(derivations["paragraphs"] as? [[Int]])
    let texts = try XCTUnwrap(derivations["texts"] as? [String: [Int]])
    func text(_ key: String) throws -> String {
      // A blank line between paragraphs, some of which are empty.
      Array(try XCTUnwrap(texts[key], key).map { paragraphs[$0].map { lines[$0] } }.joined(separator: [""]))
        .joined(separator: "\n")
    }
    let phases = try XCTUnwrap((page["analysis"] as? [String: Any])?["phases"] as? [[String: Any]])
    for (index, phase) in phases.enumerated() {
      let name = try XCTUnwrap(phase["phase"] as? String)
      let operators = try XCTUnwrap(phase["operators"] as? [[String: Any]])
      for (row, entry) in operators.enumerated() where [3, 8, 11, operators.count - 2].contains(row) {
        let own = try XCTUnwrap(entry["name"] as? String)
        let explained = output("explain \(run) --phase \(name) --operator \(own) --columns all")
        XCTAssertTrue(explained.hasPrefix(try text("\(index)/\(row)") + "\n"), "\(name) \(own)")
      }
      XCTAssertEqual(texts.keys.filter { $0.hasPrefix("\(index)/") }.count, operators.count + 2)
      XCTAssertTrue(
        output("explain \(run) --phase \(name) --operator model --columns all").hasPrefix(try text("\(index)/model")))
    }
    let bytes = try text("footprint")
    XCTAssertTrue(bytes.contains("kvCache") && bytes.contains("freeBytes"), bytes)
  }

  func testTheLargestPagesAreBelowAMegabyteAndFetchNothing() throws {
    let folder = try SharedTable.url("configs").path
    // Those with the most kinds of layers, and a hybrid.
    for name in ["deepseek-ai--DeepSeek-V4-Flash", "Qwen--Qwen3.5-27B"] {
      let line =
        "report --model \(folder)/\(name).json --hardware h100-sxm --prompt 8192 --batch 64 --tp 8 --generate 512 --time calibrated"
      let page = output(line)
      XCTAssertLessThan(page.utf8.count, 1_000_000, name)
      XCTAssertEqual(page.components(separatedBy: "</script>").count, 3, name)
      for outside in ["http://", "https://", "//cdn", "@import", "url("] {
        let markup = page.replacing("http://www.w3.org/2000/svg", with: "").components(separatedBy: "id=\"data\">")[0]
        XCTAssertFalse(markup.contains(outside), "\(name) fetches \(outside)")
      }
    }
  }

  func testMeasurementsAreComparedRowByRow() throws {
    let file = try SharedTable.url("measured/gemm-h100_sxm.csv").path
    let page = try data(
      output("report --model llama-3.1-8b --hardware h100-sxm --batch 16 --prompt 512 --observations \(file)"))
    let rows = try XCTUnwrap(page["comparison"] as? [[String: Any]])
    XCTAssertTrue(rows.contains { $0["name"] as? String == "decode o_proj" })
    for row in rows {
      let (predicted, measured) = (row["predictedSeconds"] as? Double, row["measuredSeconds"] as? Double)
      XCTAssertEqual(
        try XCTUnwrap(row["error"] as? Double), try XCTUnwrap(predicted) / XCTUnwrap(measured) - 1, accuracy: 1e-9)
    }
    XCTAssertNil(try data(output("report \(run)"))["comparison"])
  }
}
