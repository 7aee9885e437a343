import Foundation
import RooflineCore
import TestSupport
import XCTest

@testable import roofline

/// What an observation says of the GPU at work, and of times that change while they are taken.
final class LoadCommandTests: CommandTestCase {
  private func observation(_ kernel: String, _ switches: String = "") throws -> (Outcome, [String: Any]) {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 \(switches)")
    let environment = fake.environment.merging(["ROOFLINE_HOME": Fixtures.packageRoot]) { $1 }
    let file = try temporaryFolder().appendingPathComponent("o.json")
    let outcome = roofline(
      "measure --kernel \(kernel) --dtype fp16 --output \(file.path)", Surroundings(environment: environment))
    let document = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    return (outcome, try XCTUnwrap((document["observations"] as? [[String: Any]])?.first))
  }

  func testAnObservationHoldsTheClocksOfItsKernel() throws {
    let (outcome, row) = try observation("rmsnorm rows=4 width=256", "loadreasons=4")
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    // 1000 MHz at rest.
    XCTAssertEqual(row["sm_clock_mhz"] as? Double, 900)
    let during = try XCTUnwrap(row["during"] as? [String: Any])
    XCTAssertEqual(during["smClockHz"] as? Double, 0.9e9)
    XCTAssertEqual(during["temperatureCelsius"] as? Double, 60)
    XCTAssertEqual(during["instantPowerWatts"] as? Double, 95)
    XCTAssertEqual(during["clockReasons"] as? [String], ["power limit"])
    XCTAssertNil(during["powerWatts"])
    XCTAssertEqual((row["before"] as? [String: Any])?["smClockHz"] as? Double, 1e9)
    XCTAssertEqual((row["elapsed"] as? [String: Any])?["energyJoules"] as? NSNull, NSNull(), "a run of milliseconds")
    let (_, without) = try observation("rmsnorm rows=4 width=256", "instantpower=0")
    XCTAssertEqual((without["during"] as? [String: Any])?["instantPowerWatts"] as? NSNull, NSNull())
  }

  func testAnObservationHoldsItsDrift() throws {
    let (outcome, row) = try observation("rmsnorm rows=4 width=256", "sink=0.001")
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let statistics = try XCTUnwrap(row["statistics"] as? [String: Any])
    let samples = try XCTUnwrap(row["samples_us"] as? [Double])
    let third = samples.count / 3
    func median(_ part: ArraySlice<Double>) -> Double {
      let sorted = part.sorted()
      return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
    let (first, last) = (median(samples.prefix(third)), median(samples.suffix(third)))
    XCTAssertEqual(try XCTUnwrap(statistics["last_third_median_us"] as? Double), last, accuracy: 1e-3)
    XCTAssertEqual(try XCTUnwrap(statistics["drift"] as? Double), last / first - 1, accuracy: 1e-3)
    XCTAssertNotEqual(statistics["end"] as? String, "settled")
    let text = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    XCTAssertTrue(text.contains("drift 1 of the times changed by more than 1.0 % while they were taken"), text)
    let (level, _) = try observation("rmsnorm rows=4 width=256")
    XCTAssertFalse(level.output.contains("drift"), level.output)
  }

  /// A reader that looks for the clock finds that of the kernel, and passes no word of the new keys as unknown.
  func testReadersKnowTheKeys() throws {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024")
    let environment = fake.environment.merging(["ROOFLINE_HOME": Fixtures.packageRoot]) { $1 }
    let file = try temporaryFolder().appendingPathComponent("o.json")
    let measured = roofline(
      "measure --kernel rmsnorm rows=4 width=256 --dtype fp16 --modes rotating,cold --output \(file.path)",
      Surroundings(environment: environment))
    XCTAssertEqual(measured.exitCode, 0, measured.errors)
    let text = try String(contentsOf: file, encoding: .utf8)
    try text.replacingOccurrences(of: "\"isFake\" : true", with: "\"isFake\" : false")
      .write(to: file, atomically: true, encoding: .utf8)
    let compared = roofline("compare --observations \(file.path) --hardware h100-sxm --tolerance 1")
    XCTAssertFalse((compared.output + compared.errors).contains("unknown"), compared.output + compared.errors)
    XCTAssertTrue(compared.output.contains("timed cold"), compared.output)
  }
}
