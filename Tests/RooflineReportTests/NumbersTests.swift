import RooflineCore
import RooflineReport
import XCTest

final class NumbersTests: XCTestCase {
  func testScaledNumbersHaveTwoDecimalsAndAPrefix() {
    let cases: [(Double, String)] = [
      (0, "0"), (1, "1"), (999, "999"), (1000, "1.00 K"), (335_544_320, "335.54 M"), (17_145_856, "17.15 M"),
      (30.43e12, "30.43 T"), (999_994, "999.99 K"), (999_996, "1.00 M"), (999_999_999, "1.00 G"), (1e15, "1.00 P"),
      (9.223e18, "9.22 E"), (0.5, "0.50"), (19.57, "19.57"),
    ]
    for (value, text) in cases { XCTAssertEqual(Numbers.scaled(value), text) }
  }

  /// Whatever a calculation came to has a text: numbers that no integer holds, those below zero, and those that are none.
  func testEveryNumberHasAText() {
    let cases: [(Double, String)] = [
      (-2e21, "-2000.00 E"), (-1, "-1"), (-999, "-999"), (-1000, "-1.00 K"), (-335_544_320, "-335.54 M"),
      (-0.5, "-0.50"), (1e300, "1e+282 E"), (.infinity, "–"), (-.infinity, "–"),
    ]
    for (value, text) in cases { XCTAssertEqual(Numbers.scaled(value), text) }
    for value in [.nan, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude] as [Double] {
      XCTAssertFalse(Numbers.scaled(value).isEmpty)
      XCTAssertFalse(Numbers.time(Seconds(value)).isEmpty)
      XCTAssertFalse(Numbers.percent(value).isEmpty)
    }
    XCTAssertEqual(Numbers.time(Seconds(-2.5e-3)), "-2.50 ms")
  }

  func testTimes() {
    let cases: [(Double, String)] = [
      (11.3814e-6, "11.38 µs"), (0, "0.00 ns"), (1.5e-9, "1.50 ns"), (999.999e-6, "1.00 ms"), (2, "2.00 s"),
      (3600, "3600.00 s"),
    ]
    for (seconds, text) in cases { XCTAssertEqual(Numbers.time(Seconds(seconds)), text) }
  }

  func testFixedDecimals() {
    XCTAssertEqual(Numbers.fixed(0.125, decimals: 2), "0.12", "half to even")
    XCTAssertEqual(Numbers.fixed(0.375, decimals: 2), "0.38", "half to even")
    XCTAssertEqual(Numbers.fixed(-1.5, decimals: 1), "-1.5")
    XCTAssertEqual(Numbers.fixed(0.05, decimals: 2), "0.05")
    XCTAssertEqual(Numbers.fixed(1e300, decimals: 2), "1e+300")
  }

  func testGroups() {
    XCTAssertEqual(Numbers.grouped(68_976_648_192), "68,976,648,192")
    XCTAssertEqual(Numbers.grouped(999), "999")
    XCTAssertEqual(Numbers.grouped(1000), "1,000")
  }
}
