import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// A whole layer on the stand-in.
final class LayerMeasurementTests: XCTestCase {
  private func session(
    _ switches: String = "", hasMatrixLibrary: Bool = true, isInterrupted: @escaping () -> Bool = { false }
  ) throws -> (fake: FakeGPU, session: MeasurementSession) {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 \(switches)")
    var environment = fake.environment
    if hasMatrixLibrary { environment["ROOFLINE_CUBLASLT"] = fake.path }
    return (
      fake,
      try MeasurementSession(environment: environment, ordinal: 0, seed: 7, isInterrupted: isInterrupted)
    )
  }

  private func run(_ session: MeasurementSession, _ tasks: [LayerTask]) throws -> MeasurementRun {
    var run = MeasurementRun()
    try session.run(layers: tasks, into: &run)
    return run
  }

  func testALayerIsRightRowByRowAndTakesWhatItsKernelsTake() throws {
    let fake: FakeGPU
    do {
      let made = try session()
      fake = made.fake
      for (phase, set, dtypes) in [
        (Phase.decode, OperatorSet.fused, [DType.bf16, .fp16]), (.prefill, .fused, [.bf16]),
        (.prefill, .separate, [.bf16]),
      ] {
        for dtype in dtypes {
          let task = try LayerPlanTests.task(phase, set, dtype)
          let run = try run(made.session, [task])
          XCTAssertEqual(run.failedLayers, [], "\(phase) \(set)")
          let layer = try XCTUnwrap(run.layers.first)
          XCTAssertEqual(layer.rows.map(\.name), task.rows.map(\.name))
          XCTAssertEqual(layer.leftOut, [])
          XCTAssertGreaterThan(layer.check.compared, 0)
          XCTAssertGreaterThan(layer.recheck.compared, 0)
          XCTAssertGreaterThan(layer.linked, layer.linkable / 2)
          XCTAssertEqual(layer.end, .settled)
          // The stand-in has no caches: kernels in a row take what they take one by one.
          let apart = try made.session.run(MeasurementTask.merged(task.rows.map(\.task)), modes: [.hot])
          let times = Dictionary(uniqueKeysWithValues: apart.measurements.map { ($0.task.key, $0.time) })
          let sum = try task.rows.reduce(0.0) { try $0 + XCTUnwrap(times[$1.task.key], $1.name) }
          XCTAssertEqual(layer.time, sum, accuracy: 0.01e-6, "\(phase) \(set)")
        }
      }
    }
    try fake.assertNothingIsLeft()
  }

  /// A wrong element of any row that others read is found, and the layer not timed.
  func testAWrongRowIsFoundAndNotTimed() throws {
    for kernel in ["rotary_kv_write_bf16", "silu_and_mul_bf16", "flash_decode_bf16_d64", "add_rmsnorm_bf16"] {
      let fake: FakeGPU
      do {
        let made = try session("corrupt=\(kernel)")
        fake = made.fake
        let run = try run(made.session, [try LayerPlanTests.task(.decode, .fused)])
        XCTAssertEqual(run.layers.count, 0, kernel)
        guard case .wrongResult(let name, _)? = run.failedLayers.first?.fault else {
          XCTFail("\(kernel): \(run.failedLayers)")
          continue
        }
        XCTAssertEqual(name, kernel)
      }
      try fake.assertNothingIsLeft()
    }
  }

  /// Collectives are in no time.
  func testRowsWithoutAKernelAreLeftOutByName() throws {
    let (_, session) = try session()
    let layer = try XCTUnwrap(run(session, [try LayerPlanTests.task(.decode, .fused, tp: 2)]).layers.first)
    XCTAssertEqual(layer.leftOut.map(\.name), ["attn_all_reduce", "mlp_all_reduce"])
    XCTAssertEqual(layer.rows.count, 9)
    XCTAssertEqual(layer.leftOut.first?.reason, "it needs several GPUs; one is measured")
  }

  /// Row kernels alone are no layer.
  func testALayerOfWhichNothingRunsIsRefused() throws {
    let (_, session) = try session("attribute=75:7", hasMatrixLibrary: false)
    let task = try LayerPlanTests.task(.decode, .fused)
    let few = LayerTask(names: ["few"], rows: Array(task.rows.filter { $0.name.hasSuffix("proj") }), layers: 1)
    let run = try run(session, [few])
    XCTAssertEqual(run.layers.count, 0)
    XCTAssertEqual(run.refusedLayers.first?.leftOut.map(\.name), ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"])
  }

  func testAnInterruptedOrLostDeviceLeavesNothingBehind() throws {
    let tasks = [try LayerPlanTests.task(.decode, .fused), try LayerPlanTests.task(.prefill, .fused)]
    let fake: FakeGPU
    do {
      var count = 0
      let made = try session(isInterrupted: {
        count += 1
        return count > 3
      })
      fake = made.fake
      let run = try run(made.session, tasks)
      XCTAssertEqual(run.end, .interrupted)
      XCTAssertEqual(run.left, 2)
    }
    try fake.assertNothingIsLeft()
    let lost = try session("fault=silu_and_mul_bf16@40:700")
    let run = try run(lost.session, tasks)
    XCTAssertEqual(run.end, .deviceLost)
    XCTAssertEqual(run.failedLayers.map(\.task.name), ["decode layer"])
    XCTAssertEqual(run.left, 1)
  }
}
