import RooflineCore
import RooflineMeasurement
import XCTest

final class SampleStatisticsTests: XCTestCase {
  /// Quartiles as numpy.percentile gives them.
  func testQuartilesAreThoseOfNumPy() throws {
    let cases: [(samples: [Double], quartiles: [Double])] = [
      ([7], [7, 7, 7]),
      ([1, 2], [1.25, 1.5, 1.75]),
      ([4, 1, 3, 2], [1.75, 2.5, 3.25]),
      ([15, 20, 35, 40, 50], [20, 35, 40]),
      ([3, 6, 7, 8, 8, 10, 13, 15, 16, 20], [7.25, 9, 14.5]),
    ]
    for (samples, quartiles) in cases {
      let statistics = try XCTUnwrap(SampleStatistics(samples))
      XCTAssertEqual([statistics.lowerQuartile, statistics.median, statistics.upperQuartile], quartiles, "\(samples)")
      XCTAssertEqual(statistics.count, samples.count)
      XCTAssertEqual([statistics.minimum, statistics.maximum], [samples.min(), samples.max()])
    }
  }

  func testNoiseIgnoresAStraySample() throws {
    let steady = [1.00, 1.01, 0.99, 1.00, 1.00]
    let noise = try XCTUnwrap(SampleStatistics(steady + [25])).noise
    XCTAssertLessThan(noise, 0.02)
    XCTAssertEqual(try XCTUnwrap(SampleStatistics([2, 2, 2])).noise, 0)
    XCTAssertEqual(try XCTUnwrap(SampleStatistics([0, 0])).noise, 0)
    XCTAssertEqual(try XCTUnwrap(SampleStatistics([0, 0, 1, 1, 0])).noise, .infinity)
  }

  func testNothingComesOfNothing() {
    XCTAssertNil(SampleStatistics([]))
    XCTAssertNil(SampleStatistics([1, .nan]))
  }
}
