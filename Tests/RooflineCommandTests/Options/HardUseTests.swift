import Foundation
import TestSupport
import XCTest

/// A minute of hostile input against the built program: mutated files and arguments, and all cases that once broke a promise.
///
/// Each kind has a test of its own that needs no fuzzer; this one looks for the next kind.
final class HardUseTests: XCTestCase {
  func testHostileInputBreaksNoPromise() throws {
    guard let shared = Fixtures.shared, FileManager.default.fileExists(atPath: "\(shared)/fuzz/fuzz.py") else {
      XCTAssertFalse(Fixtures.isCI, "CI must have the fuzzer")
      throw XCTSkip("no fuzzer beside the package")
    }
    guard let python = Oracle.python else {
      XCTAssertFalse(Fixtures.isCI, "CI must have python3 for the fuzzer")
      throw XCTSkip("python3, which the fuzzer needs, is not installed")
    }
    // The gate gives the optimised program, in which nothing takes long; a debug build does the same, slowly.
    let optimised = ProcessInfo.processInfo.environment["ROOFLINE_OPTIMISED"]
    let program =
      try optimised
      ?? URL(fileURLWithPath: FakeGPU().path).deletingLastPathComponent().appendingPathComponent("roofline").path
    let folder = try temporaryFolder()
    let log = folder.appendingPathComponent("log")
    try Data().write(to: log)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.currentDirectoryURL = folder
    process.arguments = [
      "-B", "\(shared)/fuzz/fuzz.py", program, Fixtures.packageRoot, optimised == nil ? "40" : "1500", "--seed", "1412",
      "--budget", "60",
    ]
    process.standardOutput = try FileHandle(forWritingTo: log)
    process.standardError = process.standardOutput
    try process.run()
    process.waitUntilExit()
    let report = try String(contentsOf: log, encoding: .utf8)
    let runs = report.split(separator: "\n").compactMap { line in
      line.contains(" runs (") ? Int(line.prefix { $0.isNumber }) : nil
    }
    XCTAssertGreaterThan(runs.first ?? 0, 200, report)
    let broken = report.split(separator: "\n").filter { $0.hasPrefix("BROKEN") }
    // What an unoptimised program takes long for is no hang, nor is one run of many beside other work on the machine.
    let kinds = broken.filter { !$0.contains("HANG") || (optimised != nil && !$0.contains("(1 of this kind)")) }
    XCTAssertEqual(kinds, [], report)
  }

  private func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("roofline-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    addTeardownBlock { try? FileManager.default.removeItem(at: folder) }
    return folder
  }
}
