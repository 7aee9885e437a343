import XCTest

/// The emulator notices kernels that are wrong on purpose, one mistake each.
final class EmulatorTests: XCTestCase {
  func testAMissingBarrierGivesResultsThatDependOnTheOrder() throws {
    let kernels = try CPUKernels.open()
    let input = try DeviceArray(kernels, .f32, count: 256)
    input.upload(KernelFormat.f32.encode((0..<256).map(Double.init)))
    let results = try ThreadOrder.all.map { order in
      let output = try DeviceArray(kernels, .f32, count: 256)
      XCTAssertEqual(
        kernels.launch("faulty_without_barrier", block: 256, order: order, [.tensor(input), .tensor(output)]), .finished
      )
      return output.download().map(\.bitPattern)
    }
    XCTAssertGreaterThan(Set(results).count, 1)
  }

  func testThreadsThatWaitForEachOtherInDifferentPlacesAreADeadlock() throws {
    let kernels = try CPUKernels.open()
    let output = try DeviceArray(kernels, .f32, count: 32)
    for order in ThreadOrder.all {
      XCTAssertEqual(kernels.launch("faulty_split_wait", block: 32, order: order, [.tensor(output)]), .deadlock)
      XCTAssertEqual(kernels.launch("faulty_early_exit", block: 32, order: order, [.tensor(output)]), .deadlock)
    }
  }

  func testAccessesOutsideAnAllocationEndTheLaunch() throws {
    let kernels = try CPUKernels.open()
    let array = try DeviceArray(kernels, .f32, count: 100)
    let other = try DeviceArray(kernels, .f32, count: 1)
    for (index, outcome) in [(99, LaunchOutcome.finished), (100, .outsideMemory), (-1, .outsideMemory)] {
      XCTAssertEqual(kernels.launch("faulty_write_behind_end", block: 1, [.tensor(array), .int32(index)]), outcome)
      XCTAssertEqual(
        kernels.launch("faulty_read_behind_end", block: 1, [.tensor(array), .tensor(other), .int32(index)]), outcome)
    }
  }

  func testAPackThatIsNotAlignedEndsTheLaunch() throws {
    let kernels = try CPUKernels.open()
    let (input, output) = try (DeviceArray(kernels, .f16, count: 16), DeviceArray(kernels, .f16, count: 16))
    XCTAssertEqual(kernels.launch("faulty_unaligned_pack", block: 1, [.tensor(input), .tensor(output)]), .misaligned)
  }

  func testSharedMemoryIsBoundedAndPoisoned() throws {
    let kernels = try CPUKernels.open()
    let output = try DeviceArray(kernels, .f32, count: 32)
    XCTAssertEqual(kernels.launch("faulty_shared_overrun", block: 16, [.tensor(output)]), .finished)
    XCTAssertEqual(kernels.launch("faulty_shared_overrun", block: 17, [.tensor(output)]), .outsideMemory)
    output.upload(KernelFormat.f32.encode([Double](repeating: 0, count: 32)))
    XCTAssertEqual(kernels.launch("faulty_unwritten_shared", block: 32, [.tensor(output)]), .finished)
    XCTAssertTrue(output.download().allSatisfy(\.isNaN))
  }

  func testDeviceMemoryIsPoisoned() throws {
    let kernels = try CPUKernels.open()
    for format in KernelFormat.floatingPoint {
      XCTAssertTrue(try DeviceArray(kernels, format, count: 5).download().allSatisfy(\.isNaN), format.rawValue)
    }
  }

  func testLaunchesThatNoGPUWouldStartAreRefused() throws {
    let kernels = try CPUKernels.open()
    XCTAssertEqual(kernels.launch("empty_kernel", block: 1024, []), .finished)
    XCTAssertEqual(kernels.launch("empty_kernel", block: 1025, []), .refused)
    XCTAssertEqual(kernels.launch("empty_kernel", grid: (0, 1), block: 32, []), .refused)
    XCTAssertEqual(kernels.launch("empty_kernel", block: 32, [.int32(1)]), .refused)
    XCTAssertEqual(kernels.launch("no_such_kernel", block: 32, []), .refused)
  }
}
