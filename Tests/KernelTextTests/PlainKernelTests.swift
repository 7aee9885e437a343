import Foundation
import XCTest

/// The kernels that stand for no operator: copy, empty, spin, and those that measure the rates of L2 and of powers of two.
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

  func testARereadCoversItsBytesAndWritesNothing() throws {
    let kernels = try CPUKernels.open()
    // Packs below, at and above the number of threads; full turns of four loads, and loads left over.
    for (packs, shift, grid, block) in [(1, 0, 2, 33), (37, 16, 1, 3), (96, 0, 3, 32), (1001, 48, 2, 64)] {
      for passes in [0, 1, 2, 7] {
        let bytes = 16 * packs
        let source = try DeviceArray(kernels, .byte, count: bytes, shift: shift)
        let found = try DeviceArray(kernels, .int32, count: 1)
        source.upload([UInt8](repeating: 0, count: bytes))
        let outcome = kernels.launch(
          "reread_bytes", grid: (grid, 1), block: block,
          [.tensor(source), .tensor(found), .uint64(bytes), .int32(passes)])
        XCTAssertEqual(outcome, .finished)
        XCTAssertEqual(source.distinctBytes(written: false), passes == 0 ? 0 : UInt64(bytes))
        XCTAssertEqual([source.distinctBytes(written: true), source.strayBytes], [0, 0])
        XCTAssertEqual([found.distinctBytes(written: false), found.distinctBytes(written: true)], [0, 0])
      }
    }
  }

  func testARereadFindsAByteThatIsNotZeroWhereverItIs() throws {
    let kernels = try CPUKernels.open()
    let found = try DeviceArray(kernels, .int32, count: 1)
    var bytes = [UInt8](repeating: 0, count: 16 * 17)
    let source = try DeviceArray(kernels, .byte, count: bytes.count)
    for index in bytes.indices {
      bytes[index] = 1 << UInt8(index % 7)
      source.upload(bytes)
      found.upload([0, 0, 0, 0])
      let outcome = kernels.launch(
        "reread_bytes", block: 3, [.tensor(source), .tensor(found), .uint64(bytes.count), .int32(1)])
      XCTAssertEqual(outcome, .finished)
      XCTAssertNotEqual(found.download(), [0], "byte \(index)")
      bytes[index] = 0
    }
  }

  func testExponentialsGoRoundInEachThread() throws {
    let kernels = try CPUKernels.open()
    for (grid, block, rounds) in [(1, 1, 0), (3, 32, 1), (2, 70, 2), (1, 1024, 5)] {
      let output = try DeviceArray(kernels, .f32, count: grid * block)
      let outcome = kernels.launch(
        "exponentials", grid: (grid, 1), block: block, [.tensor(output), .int32(rounds)])
      XCTAssertEqual(outcome, .finished)
      XCTAssertEqual(output.distinctBytes(written: true), UInt64(4 * grid * block))
      XCTAssertEqual(output.distinctBytes(written: false), 0)
      for (thread, value) in output.download().enumerated() {
        var sum = 0.0
        for chain in 0..<8 {
          var x = Double(thread % block) / 1024 + Double(chain) / 8192
          for _ in 0..<rounds { x = exp2(-x) }
          sum += x
        }
        // A round multiplies errors by at most ln 2 and adds a unit in the last place, 2^-24: 3.3 of them a chain. Seven sums
        // below 8 add 2^-22 each.
        XCTAssertEqual(value, sum, accuracy: 8 * 3.3 * 0x1p-24 + 7 * 0x1p-22, "\(grid), \(block), \(rounds), \(thread)")
      }
    }
  }
}
