import TestSupport
import XCTest

@testable import RooflineCore

final class StoppingRuleTests: XCTestCase {
  private let rule = StoppingRule()

  private func samples(_ count: Int, around center: Double, spread: Double = 0) -> [Double] {
    var generator = SeededGenerator(seed: 1)
    return (0..<count).map { _ in center * (1 + Double.random(in: -0.5...0.5, using: &generator) * spread) }
  }

  func testFewerThanThirtySamplesAreNeverEnough() {
    XCTAssertNil(rule.reason(samples: samples(29, around: 1e-3), elapsed: 0))
    XCTAssertNil(rule.reason(samples: samples(29, around: 10), elapsed: 1000))
    XCTAssertNil(rule.reason(samples: [], elapsed: 1000))
  }

  func testSteadyTimesSettleAtThirty() {
    XCTAssertEqual(rule.reason(samples: samples(30, around: 1e-6), elapsed: 0), .settled)
    XCTAssertEqual(rule.reason(samples: samples(30, around: 1e-6, spread: 0.01), elapsed: 0), .settled)
  }

  /// IQR ≈ 10 % of the median: 10 % / √n is below 0.5 % from n = 400 on.
  func testNoisyTimesSettleWithMoreSamples() {
    XCTAssertNil(rule.reason(samples: samples(100, around: 1e-6, spread: 0.2), elapsed: 0))
    XCTAssertEqual(rule.reason(samples: samples(600, around: 1e-6, spread: 0.2), elapsed: 0), .settled)
  }

  func testSlowWorkEndsWithDeviceTime() {
    XCTAssertEqual(rule.reason(samples: samples(30, around: 0.02, spread: 1), elapsed: 1), .deviceTime)
    XCTAssertNil(rule.reason(samples: samples(30, around: 0.002, spread: 1), elapsed: 1))
  }

  func testNoisyWorkEndsWithTheClock() {
    let noisy = samples(30, around: 1e-6, spread: 1)
    XCTAssertNil(rule.reason(samples: noisy, elapsed: 2.9))
    XCTAssertEqual(rule.reason(samples: noisy, elapsed: 3), .wallTime)
  }

  /// Clocks that fall while it is measured: the spread is the drift, and time ends it.
  func testDriftingTimesDoNotSettle() {
    let drifting = (0..<60).map { 1e-6 * (1 + Double($0) / 60) }
    XCTAssertNil(rule.reason(samples: drifting, elapsed: 1))
    XCTAssertEqual(rule.reason(samples: drifting, elapsed: 4), .wallTime)
  }

  /// Of times that are all 0 no more samples say more; sampling must end.
  func testTimesOfZeroEnd() {
    XCTAssertEqual(rule.reason(samples: [Double](repeating: 0, count: 30), elapsed: 0), .settled)
    let half = (0..<31).map { $0 % 2 == 0 ? 0 : 1e-9 }
    XCTAssertNil(rule.reason(samples: half, elapsed: 1))
    XCTAssertEqual(rule.reason(samples: half, elapsed: 3), .wallTime)
  }
}
