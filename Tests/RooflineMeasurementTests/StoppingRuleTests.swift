import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

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

  /// A clock that sinks by 2 % from the first third to the last: each sample looks like the one before, and nothing is settled.
  func testALevelMedianIsSettledAndADriftingOneIsNot() {
    for (step, reason) in [(0.0002, StoppingRule.Reason.settled), (0.001, nil)] {
      let sinking = (0..<30).map { 1e-3 * (1 + step * Double($0)) }
      XCTAssertEqual(rule.reason(samples: sinking, elapsed: 0), reason, "\(step)")
      XCTAssertEqual(rule.reason(samples: sinking.reversed(), elapsed: 0), reason, "\(step), rising")
    }
    let sinking = (0..<400).map { 1e-3 * (1 + 0.0001 * Double($0)) }
    XCTAssertEqual(rule.reason(samples: sinking, elapsed: 1), .deviceTime)
  }

  /// Half a second on the device before a kernel that power holds is settled, and three times as much where it never is.
  func testSustainedTimesNeedHalfASecond() {
    let sustained = rule.sustained
    XCTAssertNil(sustained.reason(samples: samples(249, around: 2e-3), elapsed: 1))
    XCTAssertEqual(sustained.reason(samples: samples(251, around: 2e-3), elapsed: 1), .settled)
    XCTAssertEqual(sustained.reason(samples: samples(30, around: 0.1), elapsed: 1), .settled)
    XCTAssertNil(sustained.reason(samples: samples(60, around: 0.02, spread: 1), elapsed: 1))
    XCTAssertEqual(sustained.reason(samples: samples(80, around: 0.02, spread: 1), elapsed: 1), .deviceTime)
    XCTAssertEqual(sustained.reason(samples: samples(40, around: 2e-3), elapsed: 3), .wallTime)
  }

  /// Two seconds on the device, whatever the samples are like; what never settles ends after six.
  func testLastingTimesNeedTwoSeconds() {
    let lasting = rule.lasting
    XCTAssertNil(lasting.reason(samples: samples(999, around: 2e-3), elapsed: 3))
    XCTAssertEqual(lasting.reason(samples: samples(1001, around: 2e-3), elapsed: 3), .settled)
    XCTAssertNil(lasting.reason(samples: samples(290, around: 0.02, spread: 1), elapsed: 6))
    XCTAssertEqual(lasting.reason(samples: samples(310, around: 0.02, spread: 1), elapsed: 7), .deviceTime)
    XCTAssertEqual(lasting.reason(samples: samples(40, around: 2e-3), elapsed: 20), .wallTime)
  }

  func testTheMiddleIsHalfOfWhatIsNeeded() {
    XCTAssertFalse(rule.isMidway(samples: 14, deviceTime: 0.014, elapsed: 0))
    XCTAssertTrue(rule.isMidway(samples: 15, deviceTime: 0.015, elapsed: 0))
    XCTAssertFalse(rule.sustained.isMidway(samples: 100, deviceTime: 0.2, elapsed: 0))
    XCTAssertTrue(rule.sustained.isMidway(samples: 126, deviceTime: 0.252, elapsed: 0))
    XCTAssertTrue(rule.isMidway(samples: 0, deviceTime: 0, elapsed: 1.5))
  }

  /// Of times that are all 0 no more samples say more; sampling must end.
  func testTimesOfZeroEnd() {
    XCTAssertEqual(rule.reason(samples: [Double](repeating: 0, count: 30), elapsed: 0), .settled)
    let half = (0..<31).map { $0 % 2 == 0 ? 0 : 1e-9 }
    XCTAssertNil(rule.reason(samples: half, elapsed: 1))
    XCTAssertEqual(rule.reason(samples: half, elapsed: 3), .wallTime)
  }
}
