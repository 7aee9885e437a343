import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import XCTest

/// What the suites are made of; all of it has a plan on a GPU of today.
final class MeasurementSuiteTests: XCTestCase {
  private func plan(_ task: MeasurementTask) throws -> KernelPlan {
    try KernelPlan(task.value, on: PlannedOperators.device)
  }

  /// Each curve runs over one size, upward, without gaps; all else is fixed.
  func testCurves() throws {
    let tasks = MeasurementSuite.kernels.tasks(NumberFormats(.fp16))
    var curves: [String: [MeasurementTask]] = [:]
    for task in tasks { curves[try XCTUnwrap(task.curve).name, default: []].append(task) }
    XCTAssertEqual(
      Set(curves.keys),
      [
        "softmax, 4096 rows", "linear, m = n = k", "rmsnorm, 4096 rows", "layernorm, 4096 rows",
        "attention, batch 8, heads 64, d 64, not causal", "attention, batch 4, heads 32, d 64, not causal",
      ])
    for (name, points) in curves {
      let x = points.compactMap { $0.curve?.x }
      XCTAssertEqual(x, x.sorted(), name)
      XCTAssertEqual(Set(x).count, points.count, name)
      XCTAssertGreaterThanOrEqual(points.count, 6, name)
      for point in points { XCTAssertFalse(try plan(point).steps.isEmpty, name) }
    }
    XCTAssertEqual(
      curves["attention, batch 8, heads 64, d 64, not causal"]?.first?.columns.description,
      "attention batch=8 query=512 context=512 heads=64 kv_heads=64 head_dim=64 causal=0")
    XCTAssertEqual(curves["softmax, 4096 rows"]?.first?.columns.description, "softmax rows=4096 width=256")
    XCTAssertEqual(curves["linear, m = n = k"]?.last?.columns.description, "gemm m=4096 n=4096 k=4096")
  }

  /// At most 40 shapes of a kind, no two alike, and enough of each for a fit, which wants 12.
  func testCalibrationShapes() throws {
    let tasks = MeasurementSuite.calibration.tasks(NumberFormats(.bf16))
    XCTAssertEqual(Set(tasks.map(\.key)).count, tasks.count)
    var counts: [String: Int] = [:]
    for task in tasks {
      let isDecode = task.columns.columns.contains { $0.name == "query" && $0.value == 1 }
      counts["\(task.columns.kind.rawValue)\(isDecode ? " decode" : "")", default: 0] += 1
      let plan = try plan(task)
      XCTAssertLessThan(plan.byteCount, 8 << 30, task.columns.description)
    }
    XCTAssertEqual(
      Set(counts.keys),
      [
        "gemm", "attention", "attention decode", "rmsnorm", "add_rmsnorm", "silu_and_mul", "residual_add", "embedding",
        "rope",
      ])
    for (kind, count) in counts { XCTAssertTrue((12...40).contains(count), "\(count) of \(kind)") }
  }

  /// The first points of the sequences of Halton, as the literature has them.
  func testHalton() {
    XCTAssertEqual((1...6).map { CalibrationShapes.halton($0, base: 2) }, [0.5, 0.25, 0.75, 0.125, 0.625, 0.375])
    for (index, value) in [1 / 3.0, 2 / 3.0, 1 / 9.0, 4 / 9.0, 7 / 9.0].enumerated() {
      XCTAssertEqual(CalibrationShapes.halton(index + 1, base: 3), value, accuracy: 1e-15)
    }
  }
}
