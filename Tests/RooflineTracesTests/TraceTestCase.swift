import Foundation
import RooflineCore
import RooflineTraces
import TestSupport
import XCTest

/// Writes traces into a folder of its own, and reads them.
class TraceTestCase: XCTestCase {
  private(set) var folder = URL(fileURLWithPath: "")

  override func setUpWithError() throws {
    try super.setUpWithError()
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("traces-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  override func tearDown() {
    try? FileManager.default.removeItem(at: folder)
    super.tearDown()
  }

  func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let url = folder.appendingPathComponent(name)
    try Data(bytes).write(to: url)
    return url.path
  }

  func file(_ name: String, _ text: String) throws -> String { try file(name, Data(text.utf8)) }

  /// What is wrong with a file; fails where it is read.
  func problem(_ path: String, line: UInt = #line) -> String {
    do {
      _ = try TraceFile.read(path)
      XCTFail("\(path) is read", line: line)
      return ""
    } catch {
      guard case .notMeasurements(path, let problem) = error else {
        XCTFail("\(error)", line: line)
        return ""
      }
      XCTAssertFalse(problem.contains("\n"), problem, line: line)
      XCTAssertLessThan(problem.count, 240, problem, line: line)
      return problem
    }
  }

  /// Runs a script with the folder as its argument.
  func python(_ script: String) throws {
    guard let python = Oracle.python else {
      XCTAssertFalse(Fixtures.isCI, "no python3")
      throw XCTSkip("no python3")
    }
    let file = try file("script.py", script)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-B", file, folder.path]
    try process.run()
    process.waitUntilExit()
    XCTAssertEqual(process.terminationStatus, 0)
  }

  /// Bytes of a source, all at once.
  func bytes(_ source: any ByteSource) throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let piece = try source.next()
      if piece.isEmpty { return all }
      all += piece
    }
  }

  static func kineto(_ events: String, _ more: String = "") -> String {
    "{\"schemaVersion\": 1, \(more)\"traceEvents\": [\(events)]}"
  }

  static func kernel(_ name: String, ts: String = "10", dur: String = "5", args: String = "") -> String {
    "{\"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"\(name)\", \"pid\": 0, \"tid\": 7, \"ts\": \(ts), \"dur\": \(dur), \"args\": {\(args)}}"
  }
}
