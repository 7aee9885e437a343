import XCTest

/// The emulated tensor cores, matrix loads and asynchronous copies, against textbook loops; and their misuse.
final class TensorCoreTests: XCTestCase {
  func testAWarpMultipliesTiles() throws {
    let kernels = try CPUKernels.open()
    for (format, isTransposed) in product(KernelFormat.tensorCores, [false, true]) {
      for (present, order) in product([16, 5], ThreadOrder.all) {
        var random = RandomElements(seed: 3)
        let (a, b) = (random.next(256, format), random.next(256, format))
        let (left, right) = try (DeviceArray(kernels, format, count: 256), DeviceArray(kernels, format, count: 256))
        let output = try DeviceArray(kernels, .f32, count: 256)
        left.upload(format.encode(a))
        right.upload(format.encode(b))
        let outcome = kernels.launch(
          "tile_product_\(format)", block: 32, sharedBytes: 1024, order: order,
          [.tensor(left), .tensor(right), .tensor(output), .int32(isTransposed ? 1 : 0), .int32(present)])
        XCTAssertEqual(outcome, .finished)
        for (index, value) in output.download().enumerated() {
          let (row, column) = (index / 16, index % 16)
          var sum = 0.0
          for k in 0..<16 where row < present && (isTransposed ? k : column) < present {
            sum += a[row * 16 + k] * (isTransposed ? b[k * 16 + column] : b[column * 16 + k])
          }
          // 16 products of at most 4, each sum rounded to a float.
          XCTAssertEqual(value, sum, accuracy: 16 * 64 * 0x1p-24, "\(format), \(isTransposed), \(order), \(index)")
        }
        // Rows that are not present are not read.
        XCTAssertEqual(left.distinctBytes(written: false), UInt64(present * 32))
        XCTAssertEqual(right.distinctBytes(written: false), UInt64(present * 32))
      }
    }
  }

  /// Rows 32 bytes apart: of eight, two lie in the same banks, so each of a load's four matrices takes a pass more. The kernel
  /// loads twice.
  func testBankConflictsOfMatrixLoadsAreCounted() throws {
    let kernels = try CPUKernels.open()
    let (left, right) = try (DeviceArray(kernels, .f16, count: 256), DeviceArray(kernels, .f16, count: 256))
    let output = try DeviceArray(kernels, .f32, count: 256)
    kernels.forgetAccesses()
    let outcome = kernels.launch(
      "tile_product_f16", block: 32, sharedBytes: 1024,
      [.tensor(left), .tensor(right), .tensor(output), .int32(0), .int32(16)])
    XCTAssertEqual(outcome, .finished)
    XCTAssertEqual(kernels.bankConflicts(), 2 * 4)
  }

  func testLanesAtDifferentInstructionsAreADeadlock() throws {
    let kernels = try CPUKernels.open()
    let output = try DeviceArray(kernels, .f32, count: 32)
    for order in ThreadOrder.all {
      let outcome = kernels.launch(
        "faulty_divergent_load", block: 32, sharedBytes: 16, order: order, [.tensor(output)])
      XCTAssertEqual(outcome, .deadlock)
    }
  }

  func testWhatACopyBringsIsPoisonUntilItsThreadHasWaitedForTheGroup() throws {
    let kernels = try CPUKernels.open()
    let input = try DeviceArray(kernels, .f32, count: 128)
    input.upload(KernelFormat.f32.encode((0..<128).map(Double.init)))
    for kernel in ["faulty_copy_without_wait", "faulty_copy_without_commit", "faulty_copy_over_unread"] {
      let output = try DeviceArray(kernels, .f32, count: 128)
      output.upload(KernelFormat.f32.encode([Double](repeating: 0, count: 128)))
      let outcome = kernels.launch(kernel, block: 32, sharedBytes: 512, [.tensor(input), .tensor(output)])
      XCTAssertEqual(outcome, .finished, kernel)
      XCTAssertTrue(output.download().allSatisfy(\.isNaN), kernel)
    }
  }

  func testDynamicSharedMemoryIsBoundedAlignedAndPoisoned() throws {
    let kernels = try CPUKernels.open()
    let output = try DeviceArray(kernels, .f32, count: 4)
    let cases: [(bytes: Int, address: Int, outcome: LaunchOutcome)] = [
      (0, 0, .outsideMemory), (16, 0, .finished), (31, 16, .outsideMemory), (32, 16, .finished), (32, 8, .misaligned),
      (32, -16, .outsideMemory), (227 * 1024, 0, .finished), (227 * 1024 + 1, 0, .refused),
    ]
    for (bytes, address, outcome) in cases {
      output.upload(KernelFormat.f32.encode([0, 0, 0, 0]))
      let ended = kernels.launch(
        "faulty_dynamic_shared", block: 1, sharedBytes: bytes, [.tensor(output), .int32(address)])
      XCTAssertEqual(ended, outcome, "\(bytes) bytes, from \(address)")
      if outcome == .finished { XCTAssertTrue(output.download().allSatisfy(\.isNaN)) }
    }
  }
}
