import Foundation
import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// The shipped constants of latent, linear and sparse attention against everything that was measured of them, under bars that may only
/// fall.
///
/// The rows are those that constants were fitted to, or drawn from, so in sample for shapes; other shapes and GPUs are kept aside
/// elsewhere. Bars are shares, typed from the project's demands.
final class MixerErrorTests: XCTestCase {
  private struct Bar {
    let file, kind: String
    var phase: Phase?
    /// A part of the group; nil: all of it.
    var regime = "all"
    let mape: Double
    /// What no bar was set for: families that the documents leave open.
    var open: Set<String> = []
    var coversIntervals = true
  }

  private static let bars: [Bar] = [
    Bar(file: "mla-a100_sxm", kind: "mla", phase: .prefill, mape: 0.08),
    Bar(file: "mla-a100_sxm", kind: "mla", phase: .decode, mape: 0.08),
    Bar(file: "mla-a100_sxm", kind: "mla_bmm", mape: 0.08),
    Bar(file: "mla-h100_sxm", kind: "mla", phase: .prefill, mape: 0.06),
    Bar(file: "mla-h100_sxm", kind: "mla", phase: .decode, mape: 0.06),
    Bar(file: "mla-h100_sxm", kind: "mla_bmm", mape: 0.05),
    Bar(file: "mla-l40s", kind: "mla", phase: .prefill, mape: 0.12),
    Bar(file: "mla-l40s", kind: "mla", phase: .decode, mape: 0.12),
    Bar(file: "mla-l40s", kind: "mla_bmm", mape: 0.12),
    Bar(
      file: "linear-attention-a100_sxm", kind: "linear_attention", phase: .decode, mape: 0.05, coversIntervals: false),
    Bar(file: "linear-attention-h100_sxm", kind: "linear_attention", phase: .prefill, mape: 0.09),
    Bar(file: "linear-attention-h100_sxm", kind: "linear_attention", phase: .decode, mape: 0.05),
    Bar(file: "linear-attention-h100_sxm", kind: "causal_conv", phase: .prefill, mape: 0.07, open: ["vllm-conv-qkv3"]),
    Bar(file: "linear-attention-h100_sxm", kind: "causal_conv", phase: .decode, mape: 0.05),
    Bar(file: "linear-attention-l40s", kind: "linear_attention", phase: .prefill, mape: 0.15),
    Bar(file: "linear-attention-l40s", kind: "linear_attention", phase: .decode, mape: 0.05),
    Bar(file: "linear-attention-l40s", kind: "causal_conv", phase: .prefill, mape: 0.08, open: ["vllm-conv-qkv3"]),
    Bar(file: "linear-attention-l40s", kind: "causal_conv", phase: .decode, mape: 0.05),
    Bar(file: "sparse-attention-h100_sxm", kind: "indexer", regime: "ragged", mape: 0.12),
    Bar(file: "sparse-attention-h100_sxm", kind: "indexer", regime: "paged", mape: 0.16),
    Bar(file: "sparse-attention-h100_sxm", kind: "topk", regime: "flat", mape: 0.16, open: ["sglang-sgl-topk-v2"]),
    Bar(file: "sparse-attention-h100_sxm", kind: "topk", regime: "clear", mape: 0.16, open: ["sglang-sgl-topk-v2"]),
    Bar(file: "sparse-attention-h100_sxm", kind: "sparse_attention", regime: "selected", mape: 0.08),
    Bar(file: "sparse-attention-h100_sxm", kind: "sparse_attention", regime: "compressed", mape: 0.08),
  ]

  func testEveryGroupStaysUnderItsBar() throws {
    for (file, bars) in Dictionary(grouping: Self.bars, by: \.file).sorted(by: { $0.key < $1.key }) {
      let measured = try ObservationFile.read(try SharedTable.url("measured/\(file).csv").path)
      let hardware = try Fixtures.catalog.hardware(measured.gpu)
      let predictor = ObservationPredictor(try Fixtures.catalog.calibrations(for: hardware))
      let validation = Validation(measured.observations, predictor: predictor, skipped: measured.skipped, interval: 0.9)
      XCTAssertEqual(validation.notes, [], file)
      for bar in bars {
        let lines = validation.lines.filter { line in
          line.group.kind == bar.kind && line.group.regime == bar.regime && !bar.open.contains(line.group.family)
            && (bar.phase == nil || line.group.phase == bar.phase?.rawValue)
        }
        XCTAssertFalse(lines.isEmpty, "\(bar) matches no group")
        let rows = lines.map { Double($0.errors.n) }.reduce(0, +)
        func mean(_ value: (Validation.Line) -> Double) -> Double {
          lines.map { value($0) * Double($0.errors.n) }.reduce(0, +) / rows
        }
        XCTAssertLessThanOrEqual(mean(\.errors.mape), bar.mape, "\(bar)")
        XCTAssertLessThanOrEqual(abs(mean(\.errors.bias)), 0.05, "bias of \(bar)")
        let coverage = mean { $0.coverage ?? 0 }
        if bar.coversIntervals { XCTAssertTrue((0.85...0.97).contains(coverage), "coverage \(coverage) of \(bar)") }
      }
    }
  }
}
