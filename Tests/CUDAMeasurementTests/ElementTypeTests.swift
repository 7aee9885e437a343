import CUDAMeasurement
import XCTest

/// Conversions of elements, by which random data are made and results read.
final class ElementTypeTests: XCTestCase {
  func testEveryTwoByteElementComesBack() {
    for type in [ElementType.f16, .bf16] {
      for bits in UInt32(0)..<0x10000 {
        let value = type.value(of: bits)
        guard !value.isNaN else { continue }
        XCTAssertEqual(type.bits(of: value), bits, "\(type) \(bits)")
      }
      XCTAssertTrue(type.value(of: type.bits(of: .nan)).isNaN)
    }
  }

  /// Between two neighbours the nearer, halfway the even one.
  func testValuesBetweenElementsGoToTheNearest() {
    for type in [ElementType.f16, .bf16] {
      for bits in stride(from: UInt32(0), to: 0x7B00, by: 13) {
        let (low, high) = (type.value(of: bits), type.value(of: bits + 1))
        guard high.isFinite else { continue }
        let gap = high - low
        XCTAssertEqual(type.rounded(low + 0.49 * gap), low)
        XCTAssertEqual(type.rounded(low + 0.51 * gap), high)
        XCTAssertEqual(type.rounded(-(low + 0.51 * gap)), -high)
        XCTAssertEqual(type.bits(of: low + 0.5 * gap), bits.isMultiple(of: 2) ? bits : bits + 1)
      }
    }
  }

  func testConstants() {
    // IEEE 754: 1, the largest, the smallest normal and subnormal half; the first value that rounds to infinity.
    XCTAssertEqual(ElementType.f16.value(of: 0x3C00), 1)
    XCTAssertEqual(ElementType.f16.value(of: 0x7BFF), 65504)
    XCTAssertEqual(ElementType.f16.value(of: 0x0400), 0x1p-14)
    XCTAssertEqual(ElementType.f16.value(of: 0x0001), 0x1p-24)
    XCTAssertEqual(ElementType.f16.bits(of: 65520), 0x7C00)
    XCTAssertEqual(ElementType.f16.bits(of: 65519.99), 0x7BFF)
    XCTAssertEqual(ElementType.bf16.value(of: 0x3F80), 1)
    XCTAssertEqual(ElementType.f32.bits(of: 1), 0x3F80_0000)
  }
}
