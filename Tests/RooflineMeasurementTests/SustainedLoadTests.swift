import RooflineMeasurement
import XCTest

final class SustainedLoadTests: XCTestCase {
  /// Power rises and the clock sinks for a while: what counts is the last third of the time, not of the readings.
  func testMeansAreOfTheLastThirdOfTheTime() {
    var load = SustainedLoad()
    XCTAssertNil(load.power)
    for (elapsed, power, clock) in [
      (0.0, 100.0, 1900e6), (0.1, 200, 1900e6), (0.2, 300, 1900e6), (2.1, 690, 1500e6), (2.5, 700, 1400e6),
      (3.0, 710, 1300e6),
    ] {
      load.append(.init(elapsed: elapsed, power: power, clock: clock))
    }
    XCTAssertEqual(load.power, 700)
    XCTAssertEqual(load.clock, 1400e6)
  }

  func testWhatTheDriverDoesNotTellIsNotMade() {
    var load = SustainedLoad()
    load.append(.init(elapsed: 1, power: nil, clock: 1e9))
    XCTAssertNil(load.power)
    XCTAssertEqual(load.clock, 1e9)
  }
}
