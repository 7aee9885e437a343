import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// Events, graphs and the timer, on the stand-in's own clock: an empty kernel takes 2 µs there.
final class TimingTests: XCTestCase {
  func testEventsMeasureTheWorkBetweenThem() throws {
    let fake = try FakeGPU()
    do {
      let context = try Context(try Driver(environment: fake.environment))
      let kernel = try SpinKernel.load(context).kernel(SpinKernel.spinName)
      let timer = try LaunchTimer(context)
      let taken = try timer.samples { stream throws(GPUFault) in
        try stream.launch(kernel, SpinKernel.geometry, [.uint64(100_000)])
      }
      let samples = try XCTUnwrap(taken).samples
      XCTAssertEqual(samples.count, 30)
      for sample in samples { XCTAssertEqual(sample, 102e-6, accuracy: 1e-9) }
    }
    try fake.assertNothingIsLeft()
  }

  /// What covers the queueing of a sample is no part of it.
  func testTheCoverIsNotTimed() throws {
    let fake = try FakeGPU()
    let context = try Context(try Driver(environment: fake.environment))
    let module = try SpinKernel.load(context)
    let spin = try module.kernel(SpinKernel.spinName)
    let empty = try module.kernel(SpinKernel.emptyName)
    func cover(_ stream: DeviceStream) throws(GPUFault) {
      try stream.launch(spin, SpinKernel.geometry, [.uint64(50_000)])
    }
    let taken = try LaunchTimer(context).samples(cover: cover) { stream throws(GPUFault) in
      try stream.launch(empty, SpinKernel.geometry, [])
    }
    XCTAssertEqual(try XCTUnwrap(SampleStatistics(XCTUnwrap(taken).samples)).median, 2e-6, accuracy: 1e-9)
  }

  /// A graph runs what was recorded, with the arguments of then, each time it is launched and not before.
  func testAGraphRunsItsWorkEachTime() throws {
    let fake = try FakeGPU()
    do {
      let context = try Context(try Driver(environment: fake.environment))
      let kernel = try SpinKernel.load(context).kernel(SpinKernel.spinName)
      let timer = try LaunchTimer(context)
      let graph = try Graph(capturing: timer.stream) { stream throws(GPUFault) in
        for microseconds: UInt64 in [10, 20, 30] {
          try stream.launch(kernel, SpinKernel.geometry, [.uint64(microseconds * 1000)])
        }
      }
      let taken = try timer.samples { _ throws(GPUFault) in try graph.launch() }
      XCTAssertEqual(try XCTUnwrap(SampleStatistics(XCTUnwrap(taken).samples)).median, 66e-6, accuracy: 1e-9)
    }
    try fake.assertNothingIsLeft()
  }

  func testAFailedCaptureEndsIt() throws {
    let fake = try FakeGPU()
    do {
      let context = try Context(try Driver(environment: fake.environment))
      let kernel = try SpinKernel.load(context).kernel(SpinKernel.emptyName)
      let stream = try DeviceStream(context)
      let tooLarge = LaunchGeometry(grid: .init(1), block: .init(2048))
      let graph = try? Graph(capturing: stream) { stream throws(GPUFault) in try stream.launch(kernel, tooLarge, []) }
      XCTAssertNil(graph)
      XCTAssertEqual(try fake.calls("cuStreamEndCapture"), 1)
    }
    try fake.assertNothingIsLeft()
  }

  /// What is no time is refused when it comes: sampling it would not end, and what is made of it would be nonsense.
  func testTimesThatNoKernelTakesAreRefused() throws {
    for scale in [.nan, .infinity, -.infinity, 1e300, 1e13, 0, -0.0, -1, -1e-12, 1e-12] as [Double] {
      let fake = try FakeGPU()
      try fake.setTimeScale(scale)
      let context = try Context(try Driver(environment: fake.environment))
      let kernel = try SpinKernel.load(context).kernel(SpinKernel.emptyName)
      do {
        _ = try LaunchTimer(context).samples { stream throws(GPUFault) in
          try stream.launch(kernel, SpinKernel.geometry, [])
        }
        XCTFail("samples of \(scale)")
      } catch {
        guard case .implausibleTime = error else { return XCTFail("\(scale): \(error)") }
      }
    }
  }
}
