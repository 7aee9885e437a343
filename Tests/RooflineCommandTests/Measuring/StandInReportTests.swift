import Foundation
import TestSupport
import XCTest

/// What the built program leaves on a GPU, as the stand-in for the driver reports it, and how it is interrupted.
final class StandInReportTests: XCTestCase {
  private func run(_ fake: FakeGPU, _ switches: String) throws -> (process: Process, report: [String: Int]?) {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("roofline-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: fake.path).deletingLastPathComponent()
      .appendingPathComponent("roofline")
    process.arguments = ["devices", "--self-test"]
    process.environment = fake.environment.merging(["FAKE_GPU": "report=\(file.path) \(switches)"]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return (process, nil) }
    let pairs = text.split(separator: "\n").map { $0.split(separator: " ") }
    return (process, Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), Int($0[1]) ?? -1) }))
  }

  func testTheExecutableLeavesNothingOnTheDevice() throws {
    let fake = try FakeGPU()
    for switches in ["", "fault=700", "fail=cuMemAlloc_v2@1:2"] {
      let report = try XCTUnwrap(try run(fake, switches).report)
      for key in ["live_bytes", "live_handles", "contexts", "leaked_bytes", "overruns"] {
        XCTAssertEqual(report[key], 0, "\(key) with \(switches)")
      }
      XCTAssertGreaterThan(try XCTUnwrap(report["launches"]), 0)
    }
  }

  func testAnInterruptComesAtItsLaunch() throws {
    let (process, _) = try run(try FakeGPU(), "interrupt=5")
    XCTAssertEqual(process.terminationReason, .uncaughtSignal)
    XCTAssertEqual(process.terminationStatus, SIGINT)
    let (unharmed, report) = try run(try FakeGPU(), "interrupt=1000000")
    XCTAssertEqual(unharmed.terminationReason, .exit)
    XCTAssertEqual(unharmed.terminationStatus, 0)
    XCTAssertEqual(report?["live_bytes"], 0)
  }
}
