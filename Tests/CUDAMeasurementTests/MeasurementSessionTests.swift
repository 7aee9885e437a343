import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

@testable import CUDAMeasurement

/// The whole way of an operator on the stand-in, which runs the kernels' own text.
final class MeasurementSessionTests: XCTestCase {
  /// The stand-in with a small cache, so that few copies make a round.
  private func session(
    _ switches: String = "", hasMatrixLibrary: Bool = false, isInterrupted: @escaping () -> Bool = { false }
  ) throws -> (fake: FakeGPU, session: MeasurementSession) {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 \(switches)")
    var environment = fake.environment
    if hasMatrixLibrary { environment["ROOFLINE_CUBLASLT"] = fake.path }
    let session = try MeasurementSession(
      environment: environment, ordinal: 0, seed: 7, isInterrupted: isInterrupted)
    return (fake, session)
  }

  /// Every kernel's results are the reference's, every element of them.
  func testEveryPlanPassesItsCheck() throws {
    let fake: FakeGPU
    do {
      let made = try session()
      fake = made.fake
      for dtype in PlannedOperators.formats {
        for line in PlannedOperators.lines {
          let task = try PlannedOperators.task(line, dtype)
          let plan = try KernelPlan(task.value, on: made.session.properties)
          let measured = try XCTUnwrap(made.session.measured(task, plan, modes: [.hot]), line)
          XCTAssertEqual(measured.count, 1)
          let check = try XCTUnwrap(measured.first).check
          XCTAssertEqual(check.compared, check.elements, line)
          XCTAssertGreaterThan(check.compared, 0, line)
        }
      }
    }
    try fake.assertNothingIsLeft()
  }

  /// cuBLASLt's products in each format that it has here, and this package's own.
  func testProductsAndAttentionPassTheirCheck() throws {
    let fake: FakeGPU
    do {
      let made = try session(hasMatrixLibrary: true)
      fake = made.fake
      for dtype in [DType.fp32, .tf32, .fp16, .bf16, .fp8, .int8] {
        for line in PlannedOperators.products {
          let task = try PlannedOperators.task(line, dtype)
          let run = try made.session.run([task], modes: [.hot])
          XCTAssertEqual(run.failed, [], "\(dtype) \(line)")
          if run.unsupported.isEmpty { XCTAssertEqual(run.measurements.first?.family, "cublaslt") }
          // fp8 and int8 have no epilogues but fp8's with a bias, and no right matrix by rows.
          let isNarrow = dtype == .fp8 || dtype == .int8
          XCTAssertTrue(isNarrow || run.unsupported.isEmpty, "\(dtype) \(line): \(run.unsupported)")
        }
      }
      let options = PlanningOptions(prefersOwnProducts: true)
      for dtype in [DType.fp16, .bf16] {
        for line in PlannedOperators.tensorCoreLines {
          for pageTokens in [nil, 16] as [Int?] where pageTokens == nil || line.contains("query=1 ") {
            var options = options
            options.pageTokens = pageTokens
            let run = try made.session.run([PlannedOperators.task(line, dtype)], modes: [.hot], options: options)
            XCTAssertEqual(run.failed, [], "\(dtype) \(line)")
            XCTAssertEqual(run.unsupported, [], "\(dtype) \(line)")
            let check = try XCTUnwrap(run.measurements.first?.check, line)
            XCTAssertEqual(check.compared, check.elements, line)
          }
        }
      }
    }
    try fake.assertNothingIsLeft()
  }

  /// One wrong element of an output is found, whichever kernel computes it.
  func testAWrongResultIsNotTimed() throws {
    let own = PlannedOperators.lines.filter { !$0.contains("width=1") || $0.contains("width=1000") }
    for line in own + PlannedOperators.tensorCoreLines {
      let (fake, session) = try session()
      let task = try PlannedOperators.task(line, .bf16)
      let plan = try KernelPlan(
        task.value, on: session.properties, options: PlanningOptions(hasMatrixLibrary: false))
      try fake.apply("corrupt=\(plan.launches[0].kernel)")
      let run = try session.run([task], modes: [.hot])
      guard case .wrongResult(let kernel, _)? = run.failed.first?.fault else {
        XCTFail("\(line): \(run.failed)")
        continue
      }
      XCTAssertEqual(kernel, plan.launches[0].kernel)
      XCTAssertEqual(run.measurements.count, 0)
    }
  }

  /// Calls go around the copies: as many as make four times the cache.
  func testRotation() throws {
    let (_, session) = try session()
    let task = try PlannedOperators.task("rmsnorm rows=2 width=128", .fp32)
    let plan = try KernelPlan(task.value, on: session.properties)
    let measured = try XCTUnwrap(session.measured(task, plan, modes: TimingMode.allCases))
    XCTAssertEqual(measured.map(\.mode), [.rotating, .cold, .hot])
    // 4 · 1024 bytes of cache, of which the activations' 2048 are a part: four of 512 bytes of weights fill it.
    XCTAssertEqual(measured.map(\.copies), [4, 1, 1])
    XCTAssertTrue(measured[0].callsPerSample.isMultiple(of: 4))
    XCTAssertEqual(measured[0].footprint, 2 * 2 * 128 * 4 + 4 * 512)
    XCTAssertEqual(measured[1].callsPerSample, 1)
    for measurement in measured {
      XCTAssertGreaterThanOrEqual(measurement.statistics.count, 30)
      XCTAssertEqual(measurement.end, .settled)
      // The stand-in's clock: 2 µs a launch, and 200 bytes a nanosecond.
      XCTAssertEqual(measurement.statistics.median, 2e-6 + 2560 / 200e9, accuracy: 1e-10)
      XCTAssertEqual(measurement.floor, 2e-6, accuracy: 1e-10)
      XCTAssertEqual(measurement.kernels.map(\.name), ["rmsnorm_f32"])
      XCTAssertEqual(measurement.kernels.map(\.registers), [32])
    }
    // A sample of the main figure lasts half a millisecond at least.
    XCTAssertGreaterThanOrEqual(
      Double(measured[0].callsPerSample) * measured[0].statistics.median, 0.5e-3)
  }

  /// In every mode the device waits until a sample is queued: a wait that faults is met.
  func testSamplesAreQueuedBehindAWait() throws {
    for mode in TimingMode.allCases {
      let (_, session) = try session("fault=\(SpinKernel.spinName):700")
      let run = try session.run([PlannedOperators.task("gelu rows=2 width=64", .fp16)], modes: [mode])
      XCTAssertEqual(run.end, .deviceLost, mode.rawValue)
      guard case .call(_, code: 700, _)? = run.failed.first?.fault else {
        XCTFail("\(mode): \(run.failed)")
        continue
      }
    }
  }

  /// Clocks are up before the first cold sample, too: of the floor, and of the kernel.
  func testColdSamplesFollowAWarmUp() throws {
    let (_, session) = try session()
    let task = try PlannedOperators.task("gelu rows=2 width=64", .fp16)
    let plan = try KernelPlan(task.value, on: session.properties)
    let began = ContinuousClock.now
    XCTAssertEqual(try session.measured(task, plan, modes: [.cold])?.count, 1)
    XCTAssertGreaterThanOrEqual(ContinuousClock.now - began, .milliseconds(50))
  }

  /// An operator whose turn fails leaves the others theirs; a lost device does not.
  func testFaultsInTheMiddleOfAList() throws {
    let tasks = try ["rmsnorm rows=2 width=64", "gelu rows=2 width=64", "softmax rows=2 width=64"]
      .map { try PlannedOperators.task($0, .fp16) }
    let (_, refused) = try session("refuse=gelu.cu")
    let run = try refused.run(tasks, modes: [.hot])
    XCTAssertEqual(run.end, .finished)
    XCTAssertEqual(run.measurements.map(\.task.columns.kind), [.rmsNorm, .softmax])
    XCTAssertEqual(run.failed.map(\.task.columns.kind), [.gelu])
    let (_, broken) = try session("fault=gelu_f16:700")
    let lost = try broken.run(tasks, modes: [.hot])
    XCTAssertEqual(lost.end, .deviceLost)
    XCTAssertEqual(lost.measurements.map(\.task.columns.kind), [.rmsNorm])
    XCTAssertEqual(lost.failed.count, 1)
    XCTAssertEqual(lost.left, 1)
  }

  func testAnInterruptionKeepsWhatIsDone() throws {
    var done = 0
    let (_, session) = try session { done == 3 }
    let tasks = try (1...5).map { try PlannedOperators.task("gelu rows=\($0) width=64", .fp16) }
    let run = session.run(tasks, modes: [.hot], didMeasure: { done = $0.measurements.count })
    XCTAssertEqual(run.end, .interrupted)
    XCTAssertEqual(run.measurements.map(\.task), Array(tasks[..<3]))
    XCTAssertEqual(run.left, 2)
    XCTAssertEqual(run.failed, [])
  }

  /// Without NVML the measurement stands, without what NVML would have said.
  func testWithoutNVML() throws {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024")
    var environment = fake.environment
    environment["ROOFLINE_NVML"] = "/nowhere/libnvidia-ml.so.1"
    let session = try MeasurementSession(environment: environment, ordinal: 0, seed: 7, isInterrupted: { false })
    let task = try PlannedOperators.task("gelu rows=2 width=64", .fp16)
    let plan = try KernelPlan(task.value, on: session.properties)
    let measured = try XCTUnwrap(session.measured(task, plan, modes: [.hot])?.first)
    XCTAssertNil(measured.before)
    XCTAssertNil(measured.after)
    XCTAssertNil(session.software.management)
    XCTAssertEqual(measured.slowdown, [])
  }

  func testThrottlingIsSeen() throws {
    let (_, session) = try session("reasons=64")
    let task = try PlannedOperators.task("gelu rows=2 width=64", .fp16)
    let plan = try KernelPlan(task.value, on: session.properties)
    let measured = try XCTUnwrap(session.measured(task, plan, modes: [.hot])?.first)
    XCTAssertEqual(measured.slowdown, .hardwareThermalSlowdown)
  }
}

extension MeasurementSession {
  /// One measurement a mode; nil where it was interrupted.
  fileprivate func measured(
    _ task: MeasurementTask, _ plan: KernelPlan, modes: [TimingMode]
  ) throws -> [KernelMeasurement]? {
    var measurements: [KernelMeasurement] = []
    return try measure(task, plan, modes: modes, into: &measurements) ? measurements : nil
  }
}
