import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// Collectives of NCCL between two GPUs of the stand-in.
final class CollectiveTests: XCTestCase {
  private func session(
    _ switches: String = "devices=2", nccl: String? = nil, isInterrupted: @escaping () -> Bool = { false }
  ) throws -> (fake: FakeGPU, session: MeasurementSession) {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 \(switches)")
    var environment = fake.environment
    environment["ROOFLINE_NCCL"] = nccl ?? fake.path
    return (
      fake,
      try MeasurementSession(environment: environment, ordinal: 0, seed: 7, isInterrupted: isInterrupted)
    )
  }

  private func task(
    _ pattern: CollectivePattern, _ bytes: UInt64, _ dtype: DType = .bf16, ranks: UInt64 = 2
  ) throws -> MeasurementTask {
    let collective = Collective<Count>(pattern, ranks: Count(ranks), message: Count(bytes))
    return try XCTUnwrap(MeasurementTask(names: [], .collective(collective), NumberFormats(dtype)))
  }

  func testEachCollectiveIsRightOnEveryGPU() throws {
    let fake: FakeGPU
    do {
      let made = try session()
      fake = made.fake
      for pattern in CollectivePattern.allCases {
        for dtype in [DType.fp16, .bf16, .fp32] {
          // Four elements more than blocks of 1024.
          let bytes: UInt64 = 2 * (3 * 1024 + 4) * 4
          let run = try made.session.run([task(pattern, bytes, dtype)], modes: [.rotating])
          XCTAssertEqual(run.failed, [])
          XCTAssertEqual(run.unsupported, [])
          let measured = try XCTUnwrap(run.measurements.first)
          XCTAssertEqual(measured.family, "nccl")
          XCTAssertEqual(measured.procedure, .stream)
          // Both GPUs', all elements.
          let received = Int(bytes) / (pattern == .reduceScatter ? 2 : 1) / Int(dtype.bits / 8)
          XCTAssertEqual(measured.check.compared, 2 * received)
          XCTAssertEqual(measured.check.elements, 2 * received)
          XCTAssertEqual(measured.recheck.compared, 2 * received)
          // The stand-in's clock: 5 µs a call, and 100 bytes a nanosecond.
          XCTAssertEqual(measured.time, 5e-6 + Double(bytes) / 100e9, accuracy: 1e-10)
          // Half a millisecond a sample.
          XCTAssertGreaterThanOrEqual(Double(measured.callsPerSample) * measured.time, 0.5e-3)
        }
      }
    }
    try fake.assertNothingIsLeft()
  }

  /// The next kernel runs on the session's own GPU.
  func testKernelsAreMeasuredBehindACollective() throws {
    let fake: FakeGPU
    do {
      let made = try session()
      fake = made.fake
      let run = try made.session.run(
        [
          PlannedOperators.task("rmsnorm rows=2 width=128", .fp32), task(.allReduce, 4096),
          PlannedOperators.task("gelu rows=2 width=64", .fp16),
        ], modes: [.rotating])
      XCTAssertEqual(run.failed, [])
      XCTAssertEqual(run.measurements.map(\.family), ["roofline", "nccl", "roofline"])
    }
    try fake.assertNothingIsLeft()
  }

  func testAWrongSumIsNotTimed() throws {
    for pattern in CollectivePattern.allCases {
      let (_, session) = try session("devices=2 corrupt=nccl")
      let run = try session.run([task(pattern, 4096)], modes: [.rotating])
      XCTAssertEqual(run.measurements.count, 0)
      guard case .wrongResult(_, let detail)? = run.failed.first?.fault else {
        XCTFail("\(run.failed)")
        continue
      }
      XCTAssertTrue(detail.contains("of GPU 1"), detail)
    }
  }

  /// Whatever NCCL answers, nothing stays behind, and the next task has its turn.
  func testFaultsOfNCCLAreSaidAndLeaveNothing() throws {
    for (call, after) in [
      ("ncclCommInitAll", 0), ("ncclGroupStart", 0), ("ncclAllReduce", 1), ("ncclGroupEnd", 0), ("ncclGroupEnd", 20),
    ] {
      let fake: FakeGPU
      do {
        let made = try session("devices=2 fail=\(call)@\(after):1")
        fake = made.fake
        let run = try made.session.run(
          [task(.allReduce, 4096), PlannedOperators.task("gelu rows=2 width=64", .fp16)], modes: [.rotating])
        XCTAssertEqual(run.measurements.map(\.family), ["roofline"], call)
        guard case .call(let name, let code, let words)? = run.failed.first?.fault else {
          XCTFail("\(call): \(run.failed)")
          continue
        }
        XCTAssertEqual(name, call)
        XCTAssertEqual(code, 1)
        XCTAssertEqual(words, "unhandled cuda error")
      }
      try fake.assertNothingIsLeft()
    }
  }

  func testWhatCannotRunIsRefusedWithItsReason() throws {
    func reason(_ session: MeasurementSession, _ task: MeasurementTask, _ mode: TimingMode = .rotating) throws
      -> String?
    {
      let run = try session.run([task], modes: [mode])
      XCTAssertEqual(run.measurements.count, 0)
      return run.unsupported.first?.reason
    }
    let one = try session("devices=1").session
    XCTAssertEqual(try reason(one, task(.allReduce, 4096)), "it needs several GPUs; one is measured")
    let two = try session().session
    XCTAssertEqual(
      try reason(two, task(.allReduce, 4096, ranks: 4)), "it needs 4 GPUs, and from GPU 0 on there are 2")
    XCTAssertEqual(
      try reason(two, task(.allGather, 4098)),
      "its message of 4098 bytes is not 2 equal parts of bf16 elements")
    XCTAssertEqual(
      try reason(two, task(.allReduce, 4096), .cold), "collectives are timed in the mode rotating alone")
    let without = try session(nccl: "/nowhere/libnccl.so.2").session
    XCTAssertEqual(
      try reason(without, task(.allReduce, 4096)),
      "it needs NCCL, and no libnccl.so.2 can be opened; ROOFLINE_NCCL names one")
  }

  func testVersionsAreWrittenAsNCCLDoes() {
    XCTAssertEqual(CollectiveLibrary.version(number: 22703), "2.27.3")
    XCTAssertEqual(CollectiveLibrary.version(number: 2804), "2.8.4")
  }
}
