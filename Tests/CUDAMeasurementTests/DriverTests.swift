import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// The driver's calls, on the stand-in.
final class DriverTests: XCTestCase {
  private func fault(_ body: () throws -> Void) -> GPUFault? {
    do {
      try body()
      return nil
    } catch {
      return error as? GPUFault
    }
  }

  func testAMissingDriverSaysWhereItWasLookedFor() throws {
    let caught = fault { _ = try Driver(environment: ["ROOFLINE_CUDA_DRIVER": "/nowhere/libcuda.so.1"]) }
    guard case .noLibrary(let finding) = caught else { return XCTFail("\(String(describing: caught))") }
    XCTAssertEqual(finding.searched.map(\.path), ["/nowhere/libcuda.so.1"])
    XCTAssertTrue(finding.searched[0].reason.contains("/nowhere/libcuda.so.1"))
  }

  func testAnotherLibraryIsNoDriver() throws {
    #if os(Linux)
      let caught = fault { _ = try Driver(environment: ["ROOFLINE_CUDA_DRIVER": "libc.so.6"]) }
      XCTAssertEqual(caught, .missingFunction(library: "libc.so.6", function: "cuDriverGetVersion"))
    #else
      throw XCTSkip("the C library has another name here")
    #endif
  }

  func testAnOldDriverIsRefused() throws {
    let fake = try FakeGPU()
    try fake.setDriverVersion(11020)
    let caught = fault { _ = try Driver(environment: fake.environment) }
    XCTAssertEqual(
      caught,
      .oldDriver(library: fake.path, version: .init(major: 11, minor: 2), minimum: .init(major: 11, minor: 4)))
  }

  func testNoDeviceIsNoFault() throws {
    let fake = try FakeGPU()
    let driver = try Driver(environment: fake.environment)
    XCTAssertEqual(try driver.deviceCount(), 1)
    try fake.setDevices(0)
    XCTAssertEqual(try driver.deviceCount(), 0)
    XCTAssertEqual(fault { _ = try Context(driver) }, .noSuchDevice(ordinal: 0, count: 0))
  }

  func testProperties() throws {
    let fake = try FakeGPU()
    let properties = try Driver(environment: fake.environment).properties(ordinal: 0)
    XCTAssertTrue(properties.isStandIn)
    XCTAssertEqual(properties.computeCapability.architecture, "sm_90")
    XCTAssertEqual(properties.streamingMultiprocessors, 4)
    XCTAssertEqual(properties.clock, 1e9)
    XCTAssertEqual(properties.memory, 1 << 30)
    XCTAssertEqual(properties.uuid, "GPU-fafafafa-fafa-fafa-fafa-fafafafafa00")
    try fake.setAttribute(38, 0)
    XCTAssertNil(try Driver(environment: fake.environment).properties(ordinal: 0).l2)
  }

  /// Every call that a context makes may be the one that fails.
  func testAFailedContextLeavesNothing() throws {
    for call in ["cuDeviceGet", "cuDeviceGetName", "cuDevicePrimaryCtxRetain", "cuCtxSetCurrent"] {
      let fake = try FakeGPU()
      try fake.fail(call, code: 4242)
      let driver = try Driver(environment: fake.environment)
      guard case .call(let name, 4242, nil) = fault({ _ = try Context(driver) }) else { return XCTFail(call) }
      XCTAssertEqual(name, call)
      try fake.assertNothingIsLeft(call)
    }
  }

  func testMemoryGoesThereAndBack() throws {
    let fake = try FakeGPU()
    do {
      let context = try Context(try Driver(environment: fake.environment))
      let memory = try DeviceMemory(context, byteCount: 4000)
      // Unwritten memory reads as NaN.
      XCTAssertEqual(try memory.read(Float.self, count: 1000).filter(\.isNaN).count, 1000)
      let values = (0..<1000).map { Float($0) }
      try memory.write(values)
      XCTAssertEqual(try memory.read(Float.self, count: 1000), values)
      XCTAssertEqual(try context.memory().free, (1 << 30) - 4000)
      try memory.write([Float]())
    }
    try fake.assertNothingIsLeft()
  }

  func testOutOfMemoryGivesBackWhatWasThere() throws {
    let fake = try FakeGPU()
    do {
      let context = try Context(try Driver(environment: fake.environment))
      let first = try DeviceMemory(context, byteCount: 100)
      let caught = fault { _ = try DeviceMemory(context, byteCount: 2 << 30) }
      XCTAssertEqual(
        caught, .call("cuMemAlloc of 2147483648 bytes", code: 2, name: "CUDA_ERROR_OUT_OF_MEMORY"))
      XCTAssertEqual(try fake.liveBytes(), 100)
      withExtendedLifetime(first) {}
    }
    try fake.assertNothingIsLeft()
  }

  func testAnIllegalAddressShowsLaterAndStays() throws {
    let fake = try FakeGPU()
    do {
      let context = try Context(try Driver(environment: fake.environment))
      let stream = try DeviceStream(context)
      let kernel = try SpinKernel.load(context).kernel(SpinKernel.emptyName)
      let memory = try DeviceMemory(context, byteCount: 100)
      try fake.faultKernel(700)
      try stream.launch(kernel, SpinKernel.geometry, [])
      let expected = GPUFault.call("cuStreamSynchronize", code: 700, name: "CUDA_ERROR_ILLEGAL_ADDRESS")
      XCTAssertEqual(fault { try stream.synchronize() }, expected)
      XCTAssertEqual(fault { try stream.synchronize() }, expected)
      withExtendedLifetime(memory) {}
    }
    // The broken context frees nothing by itself; its release does.
    try fake.assertNothingIsLeft()
  }

  func testAContextBelongsToItsThread() throws {
    let fake = try FakeGPU()
    let driver = try Driver(environment: fake.environment)
    let context = try Context(driver)
    let answered = expectation(description: "the other thread")
    Thread {
      var address: UInt64 = 0
      XCTAssertEqual(driver.memoryAllocate(&address, 16), 201)  // CUDA_ERROR_INVALID_CONTEXT
      answered.fulfill()
    }.start()
    wait(for: [answered], timeout: 10)
    withExtendedLifetime(context) {}
  }

  func testLaunchesTakeLegalBlocksOnly() throws {
    let fake = try FakeGPU()
    do {
      let context = try Context(try Driver(environment: fake.environment))
      let kernel = try SpinKernel.load(context).kernel(SpinKernel.emptyName)
      XCTAssertEqual(try kernel.registers(), 16)
      XCTAssertEqual(try kernel.localBytes(), 0)
      try kernel.allowSharedMemory(100 << 10)
      let stream = try DeviceStream(context)
      let tooLarge = LaunchGeometry(grid: .init(1), block: .init(32, 33))
      guard case .call(_, 1, _) = fault({ try stream.launch(kernel, tooLarge, []) }) else { return XCTFail() }
      guard
        case .call("cuModuleGetFunction of nonsense", 500, _) = fault({
          _ = try SpinKernel.load(context).kernel("nonsense")
        })
      else { return XCTFail() }
    }
    try fake.assertNothingIsLeft()
  }
}
