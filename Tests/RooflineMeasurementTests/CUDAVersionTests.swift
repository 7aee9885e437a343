import RooflineCore
import RooflineMeasurement
import XCTest

final class CUDAVersionTests: XCTestCase {
  private func version(_ major: Int, _ minor: Int) -> CUDAVersion { CUDAVersion(major: major, minor: minor) }

  func testDriverNumbers() {
    for (number, text) in [(11040, "11.4"), (12090, "12.9"), (13000, "13.0"), (10020, "10.2"), (12100, "12.10")] {
      XCTAssertEqual(CUDAVersion(driverNumber: number).description, text)
    }
  }

  func testNewestCompilerThatTheDriverAccepts() {
    let all = [version(11, 8), version(12, 9), version(13, 0), version(12, 2)]
    let cases: [(driver: CUDAVersion, index: Int?)] = [
      (version(13, 2), 2), (version(13, 0), 2),
      (version(12, 0), 1),  // an older minor version runs newer code of its major version
      (version(11, 4), 0), (version(10, 2), nil),
    ]
    for (driver, index) in cases {
      XCTAssertEqual(CUDAVersion.newest(all, acceptedBy: driver), index, "driver \(driver)")
    }
    XCTAssertNil(CUDAVersion.newest([], acceptedBy: version(13, 0)))
    XCTAssertLessThan(version(12, 9), version(12, 10))
  }
}
