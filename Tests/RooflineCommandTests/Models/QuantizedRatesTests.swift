import Foundation
import TestSupport
import XCTest

/// A checkpoint whose products run in several formats: each by its own unit's rate, and no answer by one of them alone.
final class QuantizedRatesTests: CommandTestCase {
  private func run(_ command: String, _ options: String = "") throws -> String {
    guard let shared = Fixtures.shared else { throw XCTSkip("no config files beside the package") }
    return
      "\(command) --model \(shared)/configs/deepseek-ai--DeepSeek-V3.json --hardware h100-sxm --tp 8 --prompt 4096 \(options)"
  }

  func testTheRidgeNamesEveryUnitThatRuns() throws {
    let text = output(try run("analyze")).split(separator: "\n").joined(separator: " ")
    // 1,979 and 989 TFLOP/s over 3.35 TB/s.
    XCTAssertTrue(text.contains("fp8 tensor 590.75 (1.98 PFLOP/s), bf16 tensor 295.22 (989.00 TFLOP/s)"), text)
  }

  func testFasterMatrixUnitsNeverSlowAnything() throws {
    let document = try json(try run("sensitivity", "--batch 16"))
    let sensitivity = try XCTUnwrap(document["sensitivity"] as? [String: Any])
    let base = try XCTUnwrap((sensitivity["base"] as? [String: Any])?["timeToFirstTokenSeconds"] as? Double)
    let entries = try XCTUnwrap(sensitivity["entries"] as? [[String: Any]])
    let raised = entries.filter { ($0["changed"] as? String)?.hasSuffix("+10 %") == true }
    XCTAssertEqual(raised.count, 3)
    for entry in raised {
      let result = try XCTUnwrap(entry["result"] as? [String: Any])
      let time = try XCTUnwrap(result["timeToFirstTokenSeconds"] as? Double)
      XCTAssertLessThanOrEqual(time, base, "\(entry)")
      XCTAssertGreaterThanOrEqual(time, base / 1.1, "\(entry)")
    }
    let tensor = try XCTUnwrap(entries.first { $0["changed"] as? String == "tensor rates +10 %" })
    XCTAssertEqual(tensor["arguments"] as? String, "", "one --peak is no rate of two formats")
  }

  /// Experts multiply weights, too, and a row that all layers have stands once.
  func testRidgeBatchesNameEveryProductWithAWeight() throws {
    let document = try json(try run("sensitivity"))
    let sensitivity = try XCTUnwrap(document["sensitivity"] as? [String: Any])
    let names = try XCTUnwrap(sensitivity["ridgeBatches"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    XCTAssertEqual(
      names.sorted(),
      [
        "down_proj", "experts_down", "experts_gate_up", "gate_proj", "kv_a_proj", "lm_head", "o_proj", "q_a_proj",
        "q_absorb", "q_b_proj", "router", "shared_down_proj", "shared_gate_proj", "shared_up_proj", "up_proj",
        "v_absorb",
      ])
    XCTAssertNotNil(sensitivity["attentionOutweighsWeightsContext"] as? Int)
  }

  func testOnePeakForSeveralFormatsIsSaid() throws {
    let notices = try XCTUnwrap(try json(try run("analyze", "--peak 1e15"))["notices"] as? [String])
    XCTAssertTrue(notices.contains { $0.contains("--peak is the rate of fp8, bf16 products alike") }, "\(notices)")
    let plain = try json("analyze --model llama-2-7b --hardware h100-sxm --prompt 128 --peak 9e14")
    XCTAssertEqual((plain["notices"] as? [String])?.contains { $0.contains("alike") }, false)
  }

  /// Half of the work at a narrow unit's rate is no share above one of a wide one's.
  func testModelFLOPsUtilizationIsOfTheFastestUnit() throws {
    let document = try json(try run("analyze", "--batch 256 --generate 2"))
    let generation = try XCTUnwrap(document["generation"] as? [String: Any])
    let prefill = try XCTUnwrap((generation["utilization"] as? [String: Any])?["prefill"] as? [String: Any])
    let (share, phases) = (
      try XCTUnwrap(prefill["mfu"] as? Double), try XCTUnwrap(document["phases"] as? [[String: Any]])
    )
    let rows = try XCTUnwrap(phases.first { $0["phase"] as? String == "prefill" }?["operators"] as? [[String: Any]])
    var products = 0.0
    var time = 0.0
    for row in rows {
      let times = try XCTUnwrap(row["occurrences"] as? Double)
      products += times * (try XCTUnwrap((row["flops"] as? [String: Double])?["tensor"]))
      time += times * (try XCTUnwrap(row["timeSeconds"] as? Double))
    }
    XCTAssertEqual(share, products / (time * 1979e12), accuracy: share * 1e-3)
    XCTAssertLessThan(share, 1)
  }
}
