import Foundation
import RooflineReport
import XCTest
import roofline

/// `plot` with requests over time.
final class PlotLoadTests: CommandTestCase {
  private static let device = "--model llama-3.2-1b --hardware h100-sxm"
  private static let run = "\(device) --prompt 300 --generate 5"

  private func description(_ svg: String) throws -> String {
    try XCTUnwrap(svg.components(separatedBy: "<desc ").last?.components(separatedBy: "</desc>").first)
  }

  /// What the picture says of its marks is what the sweep says of its rows.
  func testMarksAreTheRowsOfTheSweep() throws {
    for load in ["--load closed --concurrency 1..16x4", "--arrival 5,50.5 --requests 40"] {
      let line = "\(Self.run) --engine vllm-0.11 --tp 1,2 \(load)"
      let text = try description(output("plot --kind latency \(line)"))
      let rows = try output("sweep \(line) --format jsonl").split(separator: "\n").map {
        try XCTUnwrap(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      XCTAssertGreaterThan(rows.count, 3)
      for degree in [1, 2] {
        let curve = try XCTUnwrap(text.components(separatedBy: "tp \(degree): ").last)
        let marks = rows.filter { $0["tp"] as? Int == degree }.map { row -> String in
          func number(_ column: String) -> Double { row[column] as? Double ?? .nan }
          let load = row["concurrency"] as? Int
          let rate = number("arrival") == 5 ? "5" : "50.5"
          func milliseconds(_ column: String) -> String { String(format: "%.2f ms", number(column) * 1e3) }
          return "\(load.map(String.init) ?? rate): RATE, TTFT \(milliseconds("ttft")), TPOT \(milliseconds("tpot"))"
        }
        var drawn = curve.components(separatedBy: ". ")[0]
        if drawn.hasSuffix(".") { drawn.removeLast() }
        let found = drawn.components(separatedBy: "; ").map { mark in
          let parts = mark.components(separatedBy: ", ")
          return ([parts[0].components(separatedBy: ": ")[0] + ": RATE"] + parts.dropFirst()).joined(separator: ", ")
        }
        XCTAssertEqual(found, marks)
      }
    }
  }

  func testAParetoFrontOfLoadsNamesThem() throws {
    let text = try description(
      output("plot --kind pareto \(Self.run) --tp 1,2 --load closed --concurrency 1..16x4"))
    XCTAssertTrue(text.contains("tp 2, in flight 1 "), text)
    XCTAssertFalse(text.contains("batch"), text)
  }

  func testWhatMeansNothingToALoadsPictureIsRefused() {
    for (line, words) in [
      ("--kind latency \(Self.run) --load closed", "--concurrency is missing"),
      ("--kind latency \(Self.run) --load closed --concurrency 2 --batch 3", "--batch means nothing to requests"),
      ("--kind latency \(Self.run) --load closed --concurrency 2 --over context", "--over changes nothing"),
      ("--kind latency \(Self.run) --load closed --concurrency 2 --phase decode", "--phase means nothing to requests"),
      ("--kind latency \(Self.run) --concurrency 2", "--concurrency is about requests over time"),
      ("--kind roofline \(Self.device) --prompt 9 --load closed --concurrency 2", "--load changes nothing"),
      ("--kind latency \(Self.run) --load closed --concurrency 1..200", "at most 6 curves of 100 loads"),
      ("--kind latency \(Self.run) --load closed --concurrency 2 --tp 3", "no load is served: 1 not possible: --tp 3"),
      ("--kind latency \(Self.run) --load closed --concurrency 2 --where ttft<0", "no load is served as --where asks"),
    ] {
      let outcome = roofline("plot \(line)")
      XCTAssertEqual(outcome.exitCode, 64, line)
      XCTAssertTrue(outcome.errors.contains(words), "\(line): \(outcome.errors)")
      XCTAssertEqual(outcome.output, "")
    }
  }
}
