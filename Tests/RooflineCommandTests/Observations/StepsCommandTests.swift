import Foundation
import TestSupport
import XCTest
import roofline

/// `validate --steps` from files to groups.
final class StepsCommandTests: CommandTestCase {
  private static let header =
    "id,source,engine,engine_version,gpu,gpus,tp,pp,model,dtype,kv_dtype,batch,prompt,generate,metric,value,notes"

  private func file(_ lines: [String]) throws -> String {
    let file = try temporaryFolder().appendingPathComponent("steps.csv")
    try ([Self.header] + lines).joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  private static func row(_ id: String, _ rest: String) -> String { "\(id),org/data@1:x.csv,nobody's,3,\(rest)" }

  private static let rows = [
    row("a", "H100-SXM-80GB,1,1,1,llama-3.1-8b,bf16,bf16,8,1024,128,e2e_s,1.2,kind=static"),
    row("b", "H100-SXM-80GB,1,1,1,llama-3.1-8b,bf16,bf16,16,1024,128,e2e_s,1.5,kind=static"),
    row("c", "H100-SXM-80GB,1,1,1,llama-3.1-8b,bf16,bf16,8,1024,128,tpot_ms,9,kind=closed"),
    row("d", "H101,1,1,1,llama-3.1-8b,bf16,bf16,8,1024,128,tpot_ms,9,kind=closed"),
    row("e", "H100-SXM-80GB,1,1,1,llama-3.1-8b,bf16,bf16,8,1024,128,e2e_s,9,kind=cold"),
  ]

  func testRowsAreGroupedAndWhatIsNotScoredIsCounted() throws {
    let report = try json("validate --steps \(try file(Self.rows))")
    let groups = try XCTUnwrap(report["groups"] as? [[String: Any]])
    XCTAssertEqual(groups.compactMap { $0["n"] as? Int }, [2, 1])
    XCTAssertEqual(groups[0]["source"] as? String, "org/data")
    XCTAssertEqual(groups[0]["gpu"] as? String, "h100-sxm")
    XCTAssertEqual(groups[0]["regime"] as? String, "static")
    XCTAssertTrue(groups[0]["engineFile"] is NSNull)
    let unscored = try XCTUnwrap(report["unscored"] as? [[String: Any]])
    XCTAssertEqual(unscored.compactMap { $0["n"] as? Int }, [1, 1])
    XCTAssertTrue(unscored.contains { ($0["reason"] as? String)?.contains("H101") ?? false })
    XCTAssertEqual(report["rows"] as? Int, 5)
    XCTAssertEqual(report["scored"] as? Int, 3)
  }

  func testCSVHasALineARow() throws {
    let lines = output("validate --steps \(try file(Self.rows)) --format csv").split(separator: "\n")
    XCTAssertEqual(lines.count, 4)
    let names = lines[0].split(separator: ",").map(String.init)
    let place = try XCTUnwrap(names.firstIndex(of: "measured"))
    XCTAssertEqual(Double(lines[1].split(separator: ",", omittingEmptySubsequences: false)[place]), 1.2)
  }

  func testBadLinesAreOneSentence() throws {
    let path = try file([Self.rows[0], Self.rows[1].replacingOccurrences(of: "1.5", with: "x")])
    let kernels = "Hardware/Calibration/l40s.json"
    for (line, words) in [
      ("validate --steps \(path)", ["line 3", "value", path]), ("validate --steps \(path).none", ["none"]),
      ("validate --steps \(path) --prior h100-sxm", ["--prior", "--steps"]),
      ("validate --steps \(path) --observations \(kernels)", ["--observations"]),
      ("validate --steps \(path) \(path)", ["twice"]), ("validate --steps \(kernels)", [kernels]),
    ] {
      let outcome = roofline(line)
      XCTAssertNotEqual(outcome.exitCode, 0, line)
      XCTAssertEqual(outcome.output, "")
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
      for word in words { XCTAssertTrue(outcome.errors.contains(word), "\(outcome.errors) for \(line)") }
    }
  }

  /// Every published row is scored, or counted with its reason; its names are known, but for the one whose form no source states.
  func testPublishedStepsAreScoredOrNamed() throws {
    let path = try SharedTable.url("measured/steps.csv").path
    let report = try json("validate --steps \(path)")
    let unscored = try XCTUnwrap(report["unscored"] as? [[String: Any]])
    let count = unscored.compactMap { $0["n"] as? Int }.reduce(0, +)
    XCTAssertEqual((report["scored"] as? Int ?? 0) + count, report["rows"] as? Int)
    XCTAssertEqual(report["rows"] as? Int, try SharedTable("measured/steps.csv").rows.count)
    let reasons = unscored.compactMap { $0["reason"] as? String }
    XCTAssertEqual(reasons.filter { $0.hasPrefix("no ") }, ["no GPU A100-80GB in the catalog"])
  }
}
