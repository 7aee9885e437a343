import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

/// Routed experts under `measure`, on the stand-in of the driver.
final class MeasureExpertTests: MeasureTestCase {
  /// A small mixture: 8 experts of 96 columns, two for each of 3 tokens.
  private static let model =
    "measure --model mixtral-8x7b --set hidden_size=128 --set intermediate_size=96 --set vocab_size=256"
    + " --set num_attention_heads=4 --set num_key_value_heads=2 --batch 3 --prompt 4 --phase decode --operators fused"

  /// The file says what ran: 8·(1 − ¾³) = 4.6 experts are expected, 5 are touched, by 6 pairs, each by one at least; counts and
  /// bytes are of these.
  func testAnObservationSaysWhichRowsWereWhose() throws {
    let file = try temporaryFolder().appendingPathComponent("experts.json").path
    let outcome = try roofline("\(Self.model) --output \(file)", surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let rows = try observations(file)
    func row(_ name: String) throws -> [String: Any] {
      try XCTUnwrap(rows.first { ($0["names"] as? [String])?.contains("decode \(name)") == true }, name)
    }
    let first = try row("experts_gate_up")
    XCTAssertEqual(
      first["operator"] as? String, "grouped_gemm m=6 n=192 k=128 rows=3 experts=8 top_k=2 touched=5")
    XCTAssertEqual(
      ["m", "n", "k", "rows", "experts", "top_k", "touched"].map { first[$0] as? Int }, [6, 192, 128, 3, 8, 2, 5])
    XCTAssertEqual(first["kind"] as? String, "grouped_gemm")
    for (name, inputs, n, k) in [("experts_gate_up", 3, 192, 128), ("experts_down", 6, 128, 96)] {
      let row = try row(name)
      let routing = try XCTUnwrap(row["routing"] as? [String: Any])
      XCTAssertEqual(routing["distinctExperts"] as? Int, 5, name)
      XCTAssertEqual((routing["rowsPerExpert"] as? [Int])?.sorted(), [1, 1, 1, 1, 2], name)
      let counts = try XCTUnwrap(row["counts"] as? [String: Any])
      XCTAssertEqual(counts["tensorFLOPs"] as? Int, 2 * 6 * n * k, name)
      XCTAssertEqual(counts["bytes"] as? Int, 2 * (inputs * k + 5 * n * k + 6 * n), name)
      // A tile of 16 rows of each expert: three numbers; and the rows that six pairs gather.
      XCTAssertEqual(counts["workspaceBytes"] as? Int, 5 * 12 + (inputs == 3 ? 6 * 4 : 0), name)
    }
    XCTAssertEqual(try row("combine")["pairs"] as? Int, 6)
    XCTAssertEqual(try row("combine")["routing"] as? NSNull, NSNull())
    // Nothing is measured again.
    let again = try roofline("\(Self.model) --resume --output \(file)", surroundings())
    XCTAssertEqual(again.exitCode, 0, again.errors)
    XCTAssertEqual(try observations(file).count, rows.count)
  }

  /// Every column is one that readers know, and no model describes the kernel by itself.
  func testComparisonsReadTheFileBack() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("experts.json").path
    XCTAssertEqual(try roofline("\(Self.model) --output \(file)", surroundings()).exitCode, 0)
    let real = folder.appendingPathComponent("real.json")
    try String(contentsOfFile: file, encoding: .utf8).replacingOccurrences(
      of: "\"isFake\" : true", with: "\"isFake\" : false"
    ).write(to: real, atomically: true, encoding: .utf8)
    for command in ["compare", "validate"] {
      let outcome = roofline("\(command) --observations \(real.path) --hardware h100-sxm")
      XCTAssertTrue([0, 2].contains(outcome.exitCode), outcome.errors)
      XCTAssertTrue(outcome.output.contains("no model of grouped_gemm"), outcome.output)
      XCTAssertFalse((outcome.output + outcome.errors).contains("unknown"), outcome.output + outcome.errors)
    }
  }

  /// A load that falls is in the columns: the file's product is no other load's.
  func testAnUnevenLoadIsAnotherProduct() throws {
    let file = try temporaryFolder().appendingPathComponent("uneven.json").path
    XCTAssertEqual(try roofline("\(Self.model) --output \(file)", surroundings()).exitCode, 0)
    let uneven = try roofline("\(Self.model) --expert-load balanced --resume --output \(file)", surroundings())
    XCTAssertEqual(uneven.exitCode, 0, uneven.errors)
    let products = try observations(file).filter { $0["kind"] as? String == "grouped_gemm" }
    XCTAssertEqual(products.map { $0["busiest"] as? Int }, [nil, nil, 1, 1])
    XCTAssertEqual(
      products.map { ($0["routing"] as? [String: Any])?["distinctExperts"] as? Int }, [5, 5, 6, 6])
  }

  /// Formats without a kernel are named with the reason.
  func testWhatDoesNotRunIsNamed() throws {
    let folder = try temporaryFolder()
    for (index, (options, reason)) in [
      ("--weight-dtype fp8", "these are"), ("--dtype fp32", "the kernel of experts' products multiplies fp16 and bf16"),
    ].enumerated() {
      let file = folder.appendingPathComponent("\(index).json").path
      let outcome = try roofline("\(Self.model) \(options) --format json --output \(file)", surroundings())
      let refused = try XCTUnwrap(document(file)["unsupported"] as? [[String: Any]], outcome.errors)
      for name in ["experts_gate_up", "experts_down"] {
        let entry = try XCTUnwrap(refused.first { ($0["names"] as? [String])?.contains("decode \(name)") == true })
        XCTAssertTrue((entry["reason"] as? String)?.contains(reason) == true, "\(options): \(entry)")
      }
    }
  }
}
