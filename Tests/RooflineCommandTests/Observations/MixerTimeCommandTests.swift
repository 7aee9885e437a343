import Foundation
import TestSupport
import XCTest

/// Calibrated times of models with latent, linear and sparse attention, as a user sees them.
final class MixerTimeCommandTests: CommandTestCase {
  /// Published configurations, and rows of each that must have a calibrated time in prefill and decode.
  private static let models: [(config: String, rows: Set<String>)] = [
    ("deepseek-ai--DeepSeek-V3", ["attention", "q_absorb", "v_absorb"]),
    ("deepseek-ai--DeepSeek-V3.2", ["attention", "q_absorb", "v_absorb", "index_scores", "index_topk"]),
    ("moonshotai--Kimi-K2.5", ["attention", "q_absorb", "v_absorb"]),
    ("moonshotai--Kimi-K3", ["attention", "q_absorb", "v_absorb", "delta_rule", "conv"]),
    ("zai-org--GLM-5", ["attention", "q_absorb", "v_absorb", "index_scores", "index_topk"]),
    ("Qwen--Qwen3.5-35B-A3B", ["delta_rule", "conv"]),
    ("deepseek-ai--DeepSeek-V4-Flash", ["attention", "index_scores", "index_topk", "o_a_proj"]),
  ]

  private func phases(_ config: String, _ options: String) throws -> [[String: Any]] {
    let path = try SharedTable.url("configs/\(config).json").path
    let document = try json(
      "analyze --model \(path) --tp 8 --batch 16 --prompt 4096 --context 8192 --operators fused --time calibrated \(options)"
    )
    return try XCTUnwrap(document["phases"] as? [[String: Any]])
  }

  private func checkRows(_ config: String, _ wanted: Set<String>, _ options: String) throws -> Set<String> {
    var families: Set<String> = []
    var seen: Set<String> = []
    for phase in try phases(config, options) {
      for row in try XCTUnwrap(phase["operators"] as? [[String: Any]]) {
        let name = try XCTUnwrap(row["name"] as? String)
        let calibrated = try XCTUnwrap(row["calibrated"] as? [String: Any], name)
        let time = try XCTUnwrap(row["timeSeconds"] as? Double, name)
        let ideal = try XCTUnwrap(calibrated["idealTimeSeconds"] as? Double, name)
        XCTAssertGreaterThanOrEqual(time, ideal, "\(config) \(name)")
        let parts = try XCTUnwrap(calibrated["parts"] as? [[String: Any]], name)
        let sum = try parts.map { try XCTUnwrap($0["seconds"] as? Double, name) }.reduce(0, +)
        XCTAssertEqual(sum, time, accuracy: 1e-12 * time, "\(config) \(name)")
        guard wanted.contains(name) else { continue }
        seen.insert(name)
        XCTAssertTrue(["calibrated", "clamped"].contains(calibrated["basis"] as? String ?? ""), "\(config) \(name)")
        if let family = calibrated["family"] as? String { families.insert(family) }
      }
    }
    XCTAssertEqual(seen, wanted, config)
    return families
  }

  func testEveryMixersRowsHaveCalibratedTimes() throws {
    for (config, rows) in Self.models { _ = try checkRows(config, rows, "--hardware h100-sxm") }
  }

  func testAGPUThatNobodyTimedBorrowsAndSaysSo() throws {
    for gpu in ["h200-sxm", "b200-sxm"] {
      _ = try checkRows("deepseek-ai--DeepSeek-V3", ["attention", "q_absorb", "v_absorb"], "--hardware \(gpu)")
      let path = try SharedTable.url("configs/deepseek-ai--DeepSeek-V3.json").path
      let text = output(
        "analyze --model \(path) --hardware \(gpu) --tp 8 --batch 16 --prompt 4096 --operators fused --time calibrated"
      ).split(whereSeparator: \.isWhitespace).joined(separator: " ")
      XCTAssertTrue(text.contains("h100-sxm"), gpu)
      XCTAssertTrue(text.contains("mla (trtllm-flashmla)"), gpu)
    }
  }

  func testAFamilyRunsWhatItHasAndTheFirstLibraryTheRest() throws {
    let model = "deepseek-ai--DeepSeek-V3"
    let ours = try checkRows(model, ["attention"], "--hardware h100-sxm")
    XCTAssertEqual(ours, ["trtllm-fmha", "trtllm-flashmla"])
    let theirs = try checkRows(model, ["attention"], "--hardware h100-sxm --family mla=sglang-fa3")
    XCTAssertEqual(theirs, ["trtllm-fmha", "sglang-fa3"])
    let absorbed = try checkRows(
      model, ["attention"], "--hardware h100-sxm --family mla=sglang-fa3 --mla absorbed")
    XCTAssertEqual(absorbed, ["sglang-fa3"])
    let fla = try checkRows(
      "Qwen--Qwen3.5-35B-A3B", ["delta_rule"], "--hardware h100-sxm --family linear_attention=fla")
    XCTAssertEqual(fla, ["sglang-fla", "vllm-fla-packed"])
  }
}
