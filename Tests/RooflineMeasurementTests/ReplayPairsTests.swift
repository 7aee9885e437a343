import RooflineMeasurement
import TestSupport
import XCTest

final class ReplayPairsTests: XCTestCase {
  /// 7 µs before each replay, calls of 3 µs: 100 and 200 of them take 307 and 607 µs.
  func testWhatAReplayCostsBesideItsCallsDividesOut() {
    let pairs = ReplayPairs(
      short: [Double](repeating: 307e-6, count: 9), long: [Double](repeating: 607e-6, count: 9), calls: 100)
    XCTAssertEqual(pairs.launchCost, 7e-6, accuracy: 1e-12)
    for sample in pairs.samples { XCTAssertEqual(sample, 3e-6, accuracy: 1e-14) }
  }

  /// The median is (t₂ − t₁)/N of the medians; a replay that something held up makes no sample negative.
  func testNoiseAndAStrayReplay() throws {
    var generator = SeededGenerator(seed: 11)
    func replay(_ calls: Double) -> Double {
      (5e-6 + calls * 2e-6) * (1 + Double.random(in: -0.01...0.01, using: &generator))
    }
    var (short, long) = ((0..<301).map { _ in replay(250) }, (0..<301).map { _ in replay(500) })
    short[7] = 20e-3
    long[9] = 30e-3
    let pairs = ReplayPairs(short: short, long: long, calls: 250)
    XCTAssertGreaterThan(try XCTUnwrap(pairs.samples.min()), 0)
    XCTAssertEqual(try XCTUnwrap(SampleStatistics(pairs.samples)).median, 2e-6, accuracy: 1.5e-8)
  }
}
