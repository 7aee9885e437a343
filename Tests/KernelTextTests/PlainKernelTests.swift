import Foundation
import XCTest

/// The kernels that stand for no operator: copy, empty, spin.
final class PlainKernelTests: XCTestCase {
  func testACopyMovesEveryByteOnce() throws {
    let kernels = try CPUKernels.open()
    for (count, shift, grid) in [(1, 0, 1), (31, 0, 2), (4096, 0, 3), (4099, 0, 3), (1000, 3, 1), (70_000, 16, 4)] {
      for order in ThreadOrder.all {
        var random = RandomElements(seed: UInt64(count))
        let bytes = random.next(count, .f32, in: 0...255).map { UInt8($0) }
        let source = try DeviceArray(kernels, .byte, count: count, shift: shift)
        let target = try DeviceArray(kernels, .byte, count: count)
        source.upload(bytes)
        XCTAssertEqual(
          kernels.launch(
            "copy_bytes", grid: (grid, 1), block: 64, order: order, [.tensor(source), .tensor(target), .uint64(count)]),
          .finished)
        XCTAssertEqual(target.download(), bytes.map(Double.init))
        XCTAssertEqual(source.distinctBytes(written: false), UInt64(count))
        XCTAssertEqual(target.distinctBytes(written: true), UInt64(count))
        XCTAssertEqual([source.distinctBytes(written: true), target.distinctBytes(written: false)], [0, 0])
        XCTAssertEqual(source.strayBytes, 0)
      }
    }
  }

  func testAnEmptyKernelTouchesNothing() throws {
    let kernels = try CPUKernels.open()
    let array = try DeviceArray(kernels, .byte, count: 256)
    XCTAssertEqual(kernels.launch("empty_kernel", grid: (3, 2), block: 32, []), .finished)
    XCTAssertEqual([array.distinctBytes(written: false), array.distinctBytes(written: true)], [0, 0])
  }

  func testASpinLastsAsLongAsItIsTold() throws {
    let kernels = try CPUKernels.open()
    for milliseconds in [1, 20] {
      let start = ContinuousClock.now
      XCTAssertEqual(kernels.launch("spin_nanoseconds", block: 1, [.uint64(milliseconds * 1_000_000)]), .finished)
      XCTAssertGreaterThanOrEqual(ContinuousClock.now - start, .milliseconds(milliseconds))
    }
  }
}
