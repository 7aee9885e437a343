import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// What clocks and power do to times: how long is measured, what NVML is asked while kernels run, and what drifts.
final class SustainedTimesTests: XCTestCase {
  private func measured(
    _ line: String, _ switches: String = "", modes: [TimingMode] = [.rotating], hardware: String? = nil
  ) throws -> (fake: FakeGPU, measurements: [KernelMeasurement]) {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 \(switches)")
    let environment = fake.environment.merging(["ROOFLINE_CUBLASLT": fake.path]) { $1 }
    let session = try MeasurementSession(environment: environment, ordinal: 0, seed: 7, isInterrupted: { false })
    let spec = try hardware.map { try Fixtures.catalog.hardware($0) }
    let run = try session.run([PlannedOperators.task(line, .bf16)], modes: modes, hardware: spec)
    XCTAssertEqual(run.failed, [], line)
    XCTAssertEqual(run.measurements.count, modes.count, line)
    return (fake, run.measurements)
  }

  /// 989 TFLOP/s and 3.35 TB/s meet at 295 FLOPs a byte: 98 are a third. A product of n = k = 8192 has m · 8192 / (2 m + 8192).
  func testATensorBoundOperatorIsAboveAThirdOfTheRidge() throws {
    let h100 = try Fixtures.catalog.hardware("h100-sxm")
    let cases: [(line: String, isBound: Bool, isBoundSomewhere: Bool)] = [
      ("gemm m=96 n=8192 k=8192", false, true), ("gemm m=104 n=8192 k=8192", true, true),
      ("attention batch=1 query=4096 context=4096 heads=8 head_dim=128", true, true),
      ("attention batch=1 query=16 context=16 heads=8 head_dim=128", false, true),
      ("attention batch=8 query=1 context=4096 heads=8 head_dim=128", false, false),
      ("softmax rows=4096 width=4096", false, false), ("rmsnorm rows=4096 width=4096", false, false),
    ]
    for (line, isBound, isBoundSomewhere) in cases {
      let task = try PlannedOperators.task(line, .bf16)
      XCTAssertEqual(task.isTensorBound(on: h100), isBound, line)
      XCTAssertEqual(task.isTensorBound(on: nil), isBoundSomewhere, "\(line), the ridge unknown")
    }
  }

  /// Half a second on the device, in replays of one and two milliseconds, several of them for one wait.
  func testTensorBoundOperatorsAreMeasuredForHalfASecond() throws {
    let (_, sustained) = try measured("gemm m=64 n=64 k=64")
    XCTAssertGreaterThanOrEqual(sustained[0].deviceTime, 0.5)
    XCTAssertEqual(sustained[0].end, .settled)
    let replay = Double(sustained[0].callsPerSample) * sustained[0].statistics.median
    XCTAssertGreaterThanOrEqual(replay, 1e-3)
    XCTAssertGreaterThan(sustained[0].samples.count, 100)
    // A single launch behind a sweep is none that power holds.
    let (_, cold) = try measured("gemm m=64 n=64 k=64", modes: [.cold])
    XCTAssertLessThan(cold[0].deviceTime, 0.1)
    // The ridge of a known GPU tells that memory decides.
    let (_, known) = try measured("gemm m=64 n=64 k=64", hardware: "h100-sxm")
    XCTAssertLessThan(known[0].deviceTime, 0.1)
    let (_, norm) = try measured("rmsnorm rows=4 width=64")
    XCTAssertLessThan(norm[0].deviceTime, 0.1)
  }

  /// Whoever waits for the last of a batch has waited for all of it.
  func testABatchIsWaitedForOnce() throws {
    let fake = try FakeGPU()
    let context = try Context(try Driver(environment: fake.environment))
    let kernel = try SpinKernel.load(context).kernel(SpinKernel.spinName)
    let timer = try LaunchTimer(context)
    let taken = try timer.samples(batch: 8) { stream throws(GPUFault) in
      try stream.launch(kernel, SpinKernel.geometry, [.uint64(10_000)])
    }
    let samples = try XCTUnwrap(taken).samples
    XCTAssertEqual(samples.count, 32)
    XCTAssertEqual(try fake.calls("cuEventSynchronize"), 4)
    for sample in samples { XCTAssertEqual(sample, 12e-6, accuracy: 1e-9) }
  }

  /// NVML is asked while work is queued, and at rest before and after: the stand-in's clock, temperature and power differ.
  func testClocksAndPowerAreThoseOfTheRunningKernel() throws {
    for line in ["rmsnorm rows=4 width=64", "gemm m=64 n=64 k=64"] {
      let (_, measurements) = try measured(line, "loadreasons=4", modes: TimingMode.allCases)
      for measurement in measurements {
        let what = "\(line), \(measurement.mode)"
        let during = try XCTUnwrap(measurement.during, what)
        XCTAssertEqual([during.smClock, during.memoryClock, during.temperature], [0.9e9, 1e9, 60], what)
        XCTAssertEqual(during.instantPower, 95, what)
        XCTAssertEqual(during.clockReasons, .softwarePowerCap, what)
        XCTAssertNil(during.power, "a mean of the last second is of what was before")
        for rest in [measurement.before, measurement.after] {
          XCTAssertEqual([rest?.smClock, rest?.temperature, rest?.instantPower], [1e9, 40, 30], what)
          XCTAssertEqual(rest?.clockReasons, [], what)
        }
      }
    }
  }

  /// A GPU that slows itself down under load alone is seen.
  func testASlowdownUnderLoadIsSeen() throws {
    let (_, measurements) = try measured("rmsnorm rows=4 width=64", "loadreasons=64")
    XCTAssertEqual(measurements[0].slowdown, .hardwareThermalSlowdown)
  }

  func testADriverWithoutInstantPowerHasNoPowerFigure() throws {
    let (_, measurements) = try measured("rmsnorm rows=4 width=64", "instantpower=0")
    let during = try XCTUnwrap(measurements[0].during)
    XCTAssertNil(during.instantPower)
    XCTAssertNil(during.power)
    XCTAssertEqual(during.smClock, 0.9e9)
    XCTAssertEqual(measurements[0].before?.power, 70)
  }

  /// A clock that sinks: no time is settled that changes by more than 1 %, and the change is known.
  func testADriftingTimeIsNotSettled() throws {
    for line in ["rmsnorm rows=4 width=64", "gemm m=64 n=64 k=64"] {
      let (_, drifting) = try measured(line, "sink=0.001")
      XCTAssertNotEqual(drifting[0].end, .settled, line)
      XCTAssertGreaterThan(try XCTUnwrap(drifting[0].drift).share, 0.01, line)
      let (_, level) = try measured(line)
      XCTAssertEqual(level[0].end, .settled, line)
      XCTAssertEqual(try XCTUnwrap(level[0].drift).share, 0, accuracy: 1e-6, line)
    }
  }

  /// The counter of energy grows in steps of its own: only seconds of work tell it from rest. 70 W of the stand-in's clock.
  func testEnergyIsOfLongRunsAlone() throws {
    let (_, short) = try measured("rmsnorm rows=4 width=64")
    XCTAssertNil(short[0].energy)
    XCTAssertNotNil(short[0].before?.counters.energy)
    // Each launch 0.1 s of the events' time: 30 samples are 3 s. Nobody read its power meanwhile.
    let (_, long) = try measured("rmsnorm rows=4 width=64", "scale=50000", modes: [.hot])
    XCTAssertGreaterThan(long[0].deviceTime, 2)
    XCTAssertNil(long[0].energy)
    XCTAssertNil(long[0].callEnergy)
  }

  /// Two seconds at least, power and clock read all along: 95 W while work is queued, for the time of a call.
  func testSustainedModeHasJoulesACall() throws {
    for line in ["rmsnorm rows=4 width=64", "gemm m=64 n=64 k=64"] {
      let (_, measurements) = try measured(line, modes: [.rotating, .sustained])
      XCTAssertNil(measurements[0].callEnergy, line)
      XCTAssertNil(measurements[0].energy, line)
      XCTAssertNil(measurements[0].load, line)
      let sustained = measurements[1]
      XCTAssertGreaterThanOrEqual(sustained.deviceTime, 2, line)
      XCTAssertEqual(sustained.end, .settled, line)
      XCTAssertEqual(sustained.copies, measurements[0].copies, line)
      let load = try XCTUnwrap(sustained.load, line)
      XCTAssertGreaterThan(load.readings.count, 50, line)
      XCTAssertEqual(load.clock, 0.9e9, line)
      XCTAssertEqual(try XCTUnwrap(sustained.callEnergy), 95 * sustained.time, accuracy: 1e-12, line)
      XCTAssertNotNil(sustained.energy, line)
    }
    // A mean of the last second is not the power of the moment.
    let (_, dark) = try measured("rmsnorm rows=4 width=64", "instantpower=0", modes: [.sustained])
    XCTAssertNil(dark[0].callEnergy)
    XCTAssertEqual(dark[0].load?.clock, 0.9e9)
  }

  /// Clocks have sunk by the last third: its median is the time.
  func testTheTimeIsTheLastThirdsMedian() throws {
    let (_, measurements) = try measured("rmsnorm rows=4 width=64", "sink=0.001")
    let drift = try XCTUnwrap(measurements[0].drift)
    XCTAssertEqual(measurements[0].time, drift.lastMedian)
    XCTAssertGreaterThan(measurements[0].time, measurements[0].statistics.median * 1.003)
  }
}
