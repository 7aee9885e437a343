import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

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
        let products = dtype == .fp32 ? [] : PlannedOperators.expertProducts
        for line in PlannedOperators.lines + PlannedOperators.expertRows + products {
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
    for line in own + PlannedOperators.tensorCoreLines + PlannedOperators.expertProducts + PlannedOperators.expertRows {
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
    let measured = try XCTUnwrap(session.measured(task, plan, modes: [.rotating, .cold, .hot]))
    XCTAssertEqual(measured.map(\.mode), [.rotating, .cold, .hot])
    // The activations' 2048 bytes leave nothing in the cache of 1024: two calls of 2560 touch four times the cache, and one.
    XCTAssertEqual(measured.map(\.copies), [3, 1, 1])
    XCTAssertTrue(measured[0].callsPerSample.isMultiple(of: 3))
    XCTAssertEqual(measured[0].footprint, 2 * 2 * 128 * 4 + 3 * 512)
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

  /// Where activations stay in the cache, weights fill four times of it; where they do not, few weights do; where there are no
  /// weights, activations are as many.
  func testCopiesCountActivations() throws {
    for (line, l2, copies) in [
      ("rmsnorm rows=2 width=128", 4096, 28),  // 4 · 4096 are 2048 and 28 · 512 bytes
      ("rmsnorm rows=2 width=128", 2047, 5),  // ⌈8188 / 2560⌉ + 1
      ("rmsnorm rows=64 width=128", 1024, 2), ("softmax rows=2 width=128", 1024, 2),
      ("softmax rows=2 width=128", 4096, 8), ("silu_and_mul rows=2 width=64", 1024, 3),
    ] {
      let (_, session) = try session("attribute=38:\(l2)")
      let task = try PlannedOperators.task(line, .fp32)
      let plan = try KernelPlan(task.value, on: session.properties)
      let measured = try XCTUnwrap(session.measured(task, plan, modes: [.rotating])?.first)
      XCTAssertEqual(measured.copies, copies, "\(line), \(l2)")
    }
  }

  /// Of eight algorithms the library's first is measured, as engines run it, and the fastest under a name of its own.
  func testTheBestOfEightAlgorithmsIsMeasuredBesideTheFirst() throws {
    let line = "gemm m=16 n=32 k=64"
    for (fastest, algorithm) in [(3, 69), (0, 66)] {
      let (_, session) = try session("algorithms=8 fastest=\(fastest)", hasMatrixLibrary: true)
      let run = try session.run([PlannedOperators.task(line, .bf16)], modes: [.rotating])
      XCTAssertEqual(run.failed, [])
      XCTAssertEqual(run.measurements.map(\.family), ["cublaslt", "cublaslt-best"])
      let (first, best) = (run.measurements[0], run.measurements[1])
      for (measurement, number) in [(first, 66), (best, algorithm)] {
        let configuration = try XCTUnwrap(measurement.kernels.first?.configuration)
        XCTAssertTrue(configuration.hasPrefix("algorithm \(number),"), configuration)
      }
      let work = 16.0 * 32 * 64 / 500 * 1e-9
      XCTAssertEqual(best.time, 2e-6 + work, accuracy: 1e-10)
      XCTAssertEqual(first.time, 2e-6 + (fastest == 0 ? 1 : 2) * work, accuracy: 1e-10)
    }
    // Where there is one, it is both.
    let (_, session) = try session(hasMatrixLibrary: true)
    let run = try session.run([PlannedOperators.task(line, .bf16)], modes: [.rotating])
    XCTAssertEqual(run.measurements.map(\.family), ["cublaslt"])
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

  /// What launching a graph costs is in each replay once, and in no call's time.
  func testLaunchingAGraphIsNoPartOfACall() throws {
    let (_, session) = try session("graphlaunch=6000")
    let task = try PlannedOperators.task("rmsnorm rows=2 width=128", .fp32)
    let plan = try KernelPlan(task.value, on: session.properties)
    for measurement in try XCTUnwrap(session.measured(task, plan, modes: [.rotating, .hot])) {
      XCTAssertEqual(measurement.time, 2e-6 + 2560 / 200e9, accuracy: 1e-10)
      XCTAssertEqual(try XCTUnwrap(measurement.launchCost), 6e-6, accuracy: 1e-8)
      XCTAssertEqual(measurement.floor, 2e-6, accuracy: 1e-10)
    }
  }

  /// From event to event a call takes longer than in a graph: by as much as an empty kernel does, which is written beside it.
  func testASingleLaunchHasTheGapOfAnEmptyKernel() throws {
    let (_, session) = try session("eventrecord=1500")
    let task = try PlannedOperators.task("rmsnorm rows=2 width=128", .fp32)
    let plan = try KernelPlan(task.value, on: session.properties)
    let measured = try XCTUnwrap(session.measured(task, plan, modes: [.rotating, .cold]))
    XCTAssertEqual(measured.map(\.mode.procedure), [.graph, .event])
    XCTAssertNil(measured[0].gap)
    XCTAssertEqual(try XCTUnwrap(measured[1].gap), 1.5e-6, accuracy: 1e-9)
    XCTAssertEqual(measured[1].floor, 3.5e-6, accuracy: 1e-9)
    XCTAssertEqual(measured[1].time, measured[0].time + 1.5e-6, accuracy: 1e-9)
  }

  /// What goes wrong only while calls are replayed is found behind the last of them: of own kernels, of products, and in place.
  func testResultsAreCheckedAgainBehindTheLastSample() throws {
    let cases = [
      ("rmsnorm rows=2 width=64", "rmsnorm_bf16"), ("softmax rows=2 width=64", "softmax_bf16"),
      ("rope rows=6 batch=2 heads=4 kv_heads=2 head_dim=16", "rotary_bf16"),
      ("gemm m=4 n=16 k=16", "fake_gemm"),
    ]
    for (line, kernel) in cases {
      for mode in TimingMode.allCases {
        // The first check is one real run; those of a graph that is repeated are none.
        let (fake, session) = try session(hasMatrixLibrary: true)
        let task = try PlannedOperators.task(line, .bf16)
        let right = try session.run([task], modes: [mode])
        XCTAssertEqual(right.failed, [], line)
        let measured = try XCTUnwrap(right.measurements.first, line)
        XCTAssertGreaterThan(measured.recheck.compared, 0, line)
        try fake.apply("corrupt=\(kernel)@\(fake.runs(of: kernel) + 1)")
        let wrong = try session.run([task], modes: [mode])
        guard case .wrongResult? = wrong.failed.first?.fault else {
          XCTFail("\(line), \(mode): \(wrong.failed)")
          continue
        }
        XCTAssertEqual(wrong.measurements.count, 0, line)
      }
    }
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
    return try measure(task, plan, modes: .init(modes), into: &measurements) ? measurements : nil
  }
}
