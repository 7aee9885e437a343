import Foundation
import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Kernels that write activations in 8 bits, against all that was measured of them.
final class MeasuredQuantizeErrorTests: XCTestCase {
  /// What widths left out of the fit reach, rounded up, and what rows that no fit describes add: vLLM's kernel has steps of its own
  /// at many rows of few elements.
  private static let bars: [(file: String, family: String, mape: Double)] = [
    ("quantize-h100_sxm", "sglang-quant", 0.05), ("quantize-h100_sxm", "trtllm-quant", 0.05),
    ("quantize-h100_sxm", "vllm-quant", 0.09), ("quantize-l40s", "sglang-quant", 0.08),
    ("quantize-l40s", "trtllm-quant", 0.11), ("quantize-l40s", "vllm-quant", 0.12),
  ]

  func testEveryLibraryStaysUnderItsBar() throws {
    for (file, bars) in Dictionary(grouping: Self.bars, by: \.file).sorted(by: { $0.key < $1.key }) {
      let measured = try ObservationFile.read(try SharedTable.url("measured/\(file).csv").path)
      let hardware = try Fixtures.catalog.hardware(measured.gpu)
      let predictor = ObservationPredictor(try Fixtures.catalog.calibrations(for: hardware))
      let validation = Validation(measured.observations, predictor: predictor, skipped: measured.skipped, interval: 0.9)
      for bar in bars {
        let line = try XCTUnwrap(
          validation.lines.first { $0.group.family == bar.family && $0.group.regime == OperatorKind.quantize.rawValue },
          "\(bar)")
        XCTAssertEqual(line.errors.n, 1184, "\(bar)")
        XCTAssertLessThanOrEqual(line.errors.mape, bar.mape, "\(bar)")
        XCTAssertTrue((0.85...0.96).contains(try XCTUnwrap(line.coverage)), "\(bar)")
      }
    }
  }
}
