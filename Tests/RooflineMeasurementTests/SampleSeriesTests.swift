import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

final class SampleSeriesTests: XCTestCase {
  /// Ten thousand samples that never settle are sorted some dozen times, not ten thousand times.
  func testSamplesAreSortedNowAndThen() {
    var rule = StoppingRule()
    rule.deviceTime = .infinity
    var generator = SeededGenerator(seed: 3)
    var series = SampleSeries()
    for _ in 0..<10_000 {
      series.append(Double.random(in: 0...1, using: &generator), deviceTime: 1e-6)
      XCTAssertNil(series.reason(rule, elapsed: 0))
    }
    XCTAssertEqual(series.samples.count, 10_000)
    XCTAssertLessThan(series.looks, 60)
    XCTAssertGreaterThan(series.looks, 10)
  }

  /// Steady samples are enough at thirty, and with time up the last look is not waited for.
  func testTheFirstAndTheLastLook() {
    var steady = SampleSeries()
    for _ in 0..<29 { steady.append(1e-6, deviceTime: 3e-6) }
    XCTAssertNil(steady.reason(StoppingRule(), elapsed: 0))
    steady.append(1e-6, deviceTime: 3e-6)
    XCTAssertEqual(steady.reason(StoppingRule(), elapsed: 0), .settled)
    XCTAssertEqual(steady.deviceTime, 90e-6, accuracy: 1e-12)
    var noisy = SampleSeries()
    for index in 0..<31 { noisy.append(index.isMultiple(of: 2) ? 1e-6 : 2e-6, deviceTime: 1e-6) }
    XCTAssertNil(noisy.reason(StoppingRule(), elapsed: 2.9))
    XCTAssertEqual(noisy.reason(StoppingRule(), elapsed: 3), .wallTime)
    noisy.append(1e-6, deviceTime: 0.3)
    XCTAssertEqual(noisy.reason(StoppingRule(), elapsed: 2.9), .deviceTime)
  }
}
