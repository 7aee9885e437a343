import Foundation
import RooflineComparison
import RooflineCore
import TestSupport
import XCTest

/// The shipped calibrations against everything that was measured, under bars that may only fall.
///
/// Bars are shares: the highest MAPE and |bias| of a group's measurements that a commit may bring. They are typed from the project's
/// demands, not from the program's output.
final class MeasuredErrorTests: XCTestCase {
  private struct Bar {
    let file, kind, family: String
    var source: String?
    var phase: Phase?
    var dtype = DType.bf16
    var regime = "all"
    let mape: Double
  }

  private static let bars: [Bar] = [
    Bar(file: "gemm-a100_sxm", kind: "gemm", family: "cublas", source: "consensus", regime: "n,k >= 512", mape: 0.055),
    Bar(file: "gemm-h100_sxm", kind: "gemm", family: "cublas", source: "consensus", regime: "n,k >= 512", mape: 0.045),
    Bar(file: "gemm-l40s", kind: "gemm", family: "cublas", source: "consensus", regime: "n,k >= 512", mape: 0.08),
    Bar(file: "gemm-a100_sxm", kind: "gemm", family: "cublas", source: "consensus", regime: "n or k < 512", mape: 0.10),
    Bar(file: "gemm-h100_sxm", kind: "gemm", family: "cublas", source: "consensus", regime: "n or k < 512", mape: 0.06),
    Bar(file: "gemm-l40s", kind: "gemm", family: "cublas", source: "consensus", regime: "n or k < 512", mape: 0.13),
    Bar(
      file: "attention-a100_sxm", kind: "attention", family: "vllm-fa2", phase: .prefill, regime: "d 128", mape: 0.08),
    Bar(file: "attention-a100_sxm", kind: "attention", family: "sglang", phase: .prefill, regime: "d 128", mape: 0.08),
    Bar(file: "attention-a100_sxm", kind: "attention", family: "trtllm", phase: .prefill, regime: "d 128", mape: 0.06),
    Bar(
      file: "attention-h100_sxm", kind: "attention", family: "vllm-fa3", phase: .prefill, regime: "d 128", mape: 0.08),
    Bar(
      file: "attention-h100_sxm", kind: "attention", family: "sglang-fa3", phase: .prefill, regime: "d 128", mape: 0.08),
    Bar(file: "attention-h100_sxm", kind: "attention", family: "trtllm", phase: .prefill, regime: "d 128", mape: 0.06),
    Bar(file: "attention-l40s", kind: "attention", family: "vllm-fa2", phase: .prefill, regime: "d 128", mape: 0.08),
    Bar(
      file: "attention-l40s", kind: "attention", family: "sglang-flashinfer", phase: .prefill, regime: "d 128",
      mape: 0.13),
    Bar(file: "attention-h100_sxm", kind: "attention", family: "vllm-fa3", phase: .decode, regime: "d 128", mape: 0.07),
    Bar(
      file: "attention-h100_sxm", kind: "attention", family: "sglang-fa3", phase: .decode, regime: "d 128", mape: 0.07),
    Bar(file: "attention-h100_sxm", kind: "attention", family: "trtllm", phase: .decode, regime: "d 128", mape: 0.11),
    Bar(file: "attention-a100_sxm", kind: "attention", family: "vllm-fa2", phase: .decode, regime: "d 128", mape: 0.11),
    Bar(file: "attention-a100_sxm", kind: "attention", family: "sglang", phase: .decode, regime: "d 128", mape: 0.11),
    Bar(file: "attention-l40s", kind: "attention", family: "vllm-fa2", phase: .decode, regime: "d 128", mape: 0.11),
    Bar(
      file: "attention-l40s", kind: "attention", family: "sglang-flashinfer", phase: .decode, regime: "d 128",
      mape: 0.11),
    Bar(file: "row-a100_sxm", kind: "row", family: "vllm", dtype: .fp16, mape: 0.08),
    Bar(file: "row-h100_sxm", kind: "row", family: "vllm", dtype: .fp16, mape: 0.08),
    Bar(
      file: "collective-a100_sxm", kind: "collective", family: "nccl", dtype: .fp16, regime: "all_reduce", mape: 0.075),
    Bar(
      file: "collective-h100_sxm", kind: "collective", family: "nccl", dtype: .fp16, regime: "all_reduce", mape: 0.075),
  ]

  func testEveryGroupStaysUnderItsBar() throws {
    for (file, bars) in Dictionary(grouping: MeasuredErrorTests.bars, by: \.file).sorted(by: { $0.key < $1.key }) {
      let measured = try ObservationFile.read(try SharedTable.url("measured/\(file).csv").path)
      let hardware = try Fixtures.catalog.hardware(measured.gpu)
      let predictor = ObservationPredictor(try Fixtures.catalog.calibrations(for: hardware))
      let validation = Validation(measured.observations, predictor: predictor, skipped: measured.skipped, interval: 0.9)
      for bar in bars {
        let lines = validation.lines.filter { line in
          line.group.kind == bar.kind && line.group.family == bar.family && line.group.regime == bar.regime
            && line.group.phase == bar.phase?.rawValue && line.group.dtype == bar.dtype.rawValue
            && (bar.source.map { $0 == line.group.source } ?? true)
        }
        XCTAssertFalse(lines.isEmpty, "\(bar) matches no group")
        let rows = lines.map { Double($0.errors.n) }.reduce(0, +)
        let mape = lines.map { $0.errors.mape * Double($0.errors.n) }.reduce(0, +) / rows
        let bias = lines.map { $0.errors.bias * Double($0.errors.n) }.reduce(0, +) / rows
        let coverage = lines.map { ($0.coverage ?? 0) * Double($0.errors.n) }.reduce(0, +) / rows
        XCTAssertLessThanOrEqual(mape, bar.mape, "\(bar)")
        if bar.regime != "n or k < 512" { XCTAssertLessThanOrEqual(abs(bias), 0.025, "bias of \(bar)") }
        if bar.regime == "all" { XCTAssertTrue((0.85...0.96).contains(coverage), "coverage \(coverage) of \(bar)") }
      }
    }
  }
}
