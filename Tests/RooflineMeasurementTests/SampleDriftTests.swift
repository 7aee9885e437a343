import RooflineCore
import RooflineMeasurement
import XCTest

final class SampleDriftTests: XCTestCase {
  func testTheLastThirdIsHeldAgainstTheFirst() throws {
    // Medians 2 and 3, whatever lies between them.
    let drift = try XCTUnwrap(SampleDrift([1, 2, 9, 100, 100, 100, 3, 3, 4]))
    XCTAssertEqual(drift.firstMedian, 2)
    XCTAssertEqual(drift.lastMedian, 3)
    XCTAssertEqual(drift.share, 0.5)
    XCTAssertEqual(try XCTUnwrap(SampleDrift([4, 4, 3])).share, -0.25)
  }

  func testTooFewSamplesAndTimesOfZero() throws {
    XCTAssertNil(SampleDrift([]))
    XCTAssertNil(SampleDrift([1, 2]))
    XCTAssertNil(SampleDrift([1, .nan, .nan]))
    XCTAssertEqual(try XCTUnwrap(SampleDrift([0, 0, 0])).share, 0)
    XCTAssertEqual(try XCTUnwrap(SampleDrift([0, 0, 1])).share, .infinity)
  }
}
