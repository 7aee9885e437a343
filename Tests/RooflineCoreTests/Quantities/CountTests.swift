import RooflineCore
import XCTest

final class CountTests: XCTestCase {
  func testArithmeticIsExactBelowTheLimit() {
    XCTAssertEqual(Count(3_037_000_499) * Count(3_037_000_499), Count(9_223_372_030_926_249_001))
    XCTAssertEqual(Count(9_223_372_036_854_775_806) + 1, Count(9_223_372_036_854_775_807))
    XCTAssertFalse(Count(9_223_372_036_854_775_807).isOverflow)
    XCTAssertTrue(Count(9_223_372_036_854_775_808).isOverflow)
  }

  func testArithmeticSaturatesAndStaysSaturated() {
    let saturated = Count(UInt64.max)
    XCTAssertEqual(Count(1 << 32) * Count(1 << 32), saturated)
    XCTAssertEqual(Count(UInt64.max) + 1, saturated)
    XCTAssertEqual(saturated.divided(exactlyBy: 2), saturated)
    XCTAssertEqual(saturated.divided(roundingUpBy: 8), saturated)
    XCTAssertEqual(saturated * 1, saturated)
    XCTAssertEqual(saturated * 0, 0, "no elements are no bytes, whatever the other factor")
  }

  func testRoundedUpDivision() {
    for (dividend, divisor, quotient) in [(0, 7, 0), (1, 7, 1), (7, 7, 1), (8, 7, 2), (32000, 3, 10667)]
      as [(UInt64, UInt64, UInt64)]
    {
      XCTAssertEqual(Count(dividend).divided(roundingUpBy: Count(divisor)), Count(quotient), "⌈\(dividend)/\(divisor)⌉")
    }
  }

  func testBytesRoundUpForFourBits() {
    let cases: [(UInt64, DType, UInt64)] = [
      (7, .fp32, 28), (7, .tf32, 28), (7, .bf16, 14), (7, .fp16, 14), (7, .fp8, 7), (7, .int8, 7), (7, .fp4, 4),
      (8, .int4, 4),
    ]
    for (elements, dtype, bytes) in cases {
      XCTAssertEqual(Count(elements).bytes(ElementFormat(.weightBytes, dtype)), Count(bytes), "\(elements) × \(dtype)")
    }
  }

  func testExcessIsClamped() {
    XCTAssertEqual(Count(5).excess(over: 3), 2)
    XCTAssertEqual(Count(3).excess(over: 5), 0)
  }
}
