import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Errors by hand, and the groups that `validate` sorts them into.
final class ErrorStatisticsTests: XCTestCase {
  /// Predictions 11, 18, 30, 60, 5 of measurements 10, 20, 30, 40, 10: errors +0.1, −0.1, 0, +0.5, −0.5. Their sizes 0, 0.1, 0.1, 0.5,
  /// 0.5: mean 0.24, median 0.1, 90 % quantile at place 3.6 of 0…4, 0.5. Bias 0. WAPE (1 + 2 + 0 + 20 + 5)/110.
  func testErrorsOfFiveRowsByHand() throws {
    let errors = try XCTUnwrap(ErrorStatistics(predicted: [11, 18, 30, 60, 5], measured: [10, 20, 30, 40, 10]))
    XCTAssertEqual(errors.n, 5)
    XCTAssertEqual(errors.mape, 0.24, accuracy: 1e-12)
    XCTAssertEqual(errors.medianApe, 0.1, accuracy: 1e-12)
    XCTAssertEqual(errors.p90Ape, 0.5, accuracy: 1e-12)
    XCTAssertEqual(errors.bias, 0, accuracy: 1e-12)
    XCTAssertEqual(errors.wape, 28.0 / 110, accuracy: 1e-12)
  }

  /// Between neighbours quantiles lie on a straight line: of 1, 2, 4 the median is 2, the 90 % quantile 2 + 0.8·2 = 3.6.
  func testQuantilesByHand() {
    XCTAssertEqual(ErrorStatistics.quantile(0.5, ofSorted: [1, 2, 4]), 2)
    XCTAssertEqual(ErrorStatistics.quantile(0.9, ofSorted: [1, 2, 4]), 3.6, accuracy: 1e-12)
    XCTAssertEqual(ErrorStatistics.quantile(0, ofSorted: [1, 2, 4]), 1)
    XCTAssertEqual(ErrorStatistics.quantile(1, ofSorted: [1, 2, 4]), 4)
    XCTAssertEqual(ErrorStatistics.quantile(0.3, ofSorted: [7]), 7)
    XCTAssertNil(ErrorStatistics(predicted: [], measured: []))
  }

  /// A calibration whose prediction is known without computing one: a row kernel whose time is its floor, 10 µs.
  private func validation(_ rows: [Observation], interval: Double = 0.9) throws -> Validation {
    var constants = RowConstants.initial
    constants.floor = 10
    // The middle 90 % of measurements lie between half the prediction and twice it: ln 2 = 0.6931.
    let quantiles = [-1.0, -0.8, -0.6931, -0.5, -0.2, 0, 0.2, 0.5, 0.6931, 0.8, 1]
    let entry = Calibration.Entry(
      Calibration.Key(kind: .row, family: "vllm", operation: .rmsNorm, dtype: .fp16), .row(constants),
      fit: .init(data: "test", rows: 100, groups: 10),
      heldOut: HeldOutErrors(
        mape: 0.1, bias: 0, bins: [.init(upTo: .infinity, rows: 100, quantiles: quantiles)]))
    let set = try CalibrationSet(
      try Fixtures.catalog.hardware("h100-sxm"),
      layers: [
        Calibration(
          hardware: "h100-sxm", path: "test", date: "2026-01-01",
          computeCapability: ComputeCapability(major: 9, minor: 0),
          entries: [entry])
      ])
    return Validation(rows, predictor: ObservationPredictor(set), skipped: [], interval: interval)
  }

  private func row(
    _ operation: OperatorKind, _ microseconds: Double, family: KernelLibrary = "vllm", source: String = "s",
    dtype: DType = .fp16
  ) -> Observation {
    let formats = NumberFormats(dtype)
    return Observation(
      operation == .gelu
        ? .gelu(Gelu(elements: 64, formats: formats)) : .rmsNorm(RMSNorm(rows: 1, width: 64, formats: formats)),
      dtype: dtype, family: family, source: source, seconds: microseconds * 1e-6, line: 2)
  }

  /// Predicted 10 µs each; measured 8, 10, 12.5, 40: errors 0.25, 0, −0.2, −0.75.
  func testAGroupOfFourRowsByHand() throws {
    let validation = try validation([8, 10, 12.5, 40].map { row(.rmsNorm, $0) })
    XCTAssertEqual(validation.lines.map(\.group.regime), ["all", "rmsnorm"])
    for line in validation.lines {
      XCTAssertEqual(line.group.kind, "row")
      XCTAssertEqual(line.group.family, "vllm")
      XCTAssertEqual(line.group.source, "s")
      XCTAssertNil(line.group.phase)
      XCTAssertEqual(line.group.dtype, "fp16")
      XCTAssertEqual(line.errors.n, 4)
      XCTAssertEqual(line.errors.mape, 0.3, accuracy: 1e-12)
      XCTAssertEqual(line.errors.bias, -0.175, accuracy: 1e-12)
      XCTAssertEqual(line.errors.medianApe, 0.225, accuracy: 1e-12)
      XCTAssertEqual(line.errors.wape, (2 + 0 + 2.5 + 30) / 70.5, accuracy: 1e-12)
      // 40 µs lies outside 5 … 20 µs.
      XCTAssertEqual(line.coverage, 0.75)
    }
  }

  func testRowsWithoutConstantsAreCountedByReason() throws {
    let validation = try validation([
      row(.rmsNorm, 10), row(.gelu, 10), row(.gelu, 11), row(.rmsNorm, 10, family: "other"),
      row(.rmsNorm, 10, dtype: .fp32),
    ])
    XCTAssertEqual(validation.lines.first?.errors.n, 1)
    XCTAssertEqual(
      validation.skipped.map { "\($0.n) \($0.reason)" },
      [
        "1 no constants for row rmsnorm of other, fp16", "2 no constants for row gelu of vllm, fp16",
        "1 no constants for row rmsnorm of vllm, fp32",
      ].sorted { $0.dropFirst(2) < $1.dropFirst(2) })
  }

  /// Families and sources are groups of their own; bf16 rows are predicted by fp16 constants, which take the same time.
  func testGroupsAreByFamilySourceAndFormat() throws {
    let validation = try validation([
      row(.rmsNorm, 10), row(.rmsNorm, 10, source: "t"), row(.rmsNorm, 10, dtype: .bf16),
    ])
    XCTAssertEqual(
      validation.lines.filter { $0.group.regime == "all" }.map { "\($0.group.source) \($0.group.dtype)" },
      ["s bf16", "s fp16", "t fp16"])
  }
}
