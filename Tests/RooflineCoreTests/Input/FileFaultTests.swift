import Foundation
import RooflineCore
import XCTest

/// Each way in which the system refuses a file has its own words.
final class FileFaultTests: XCTestCase {
  private var folder = FileManager.default.temporaryDirectory.appendingPathComponent("roofline-\(UUID().uuidString)")

  override func setUpWithError() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  override func tearDown() { try? FileManager.default.removeItem(at: folder) }

  func testReading() throws {
    let loop = folder.appendingPathComponent("loop").path
    try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: loop)
    let pipe = folder.appendingPathComponent("pipe").path
    XCTAssertEqual(mkfifo(pipe, 0o600), 0)
    let file = folder.appendingPathComponent("file").path
    try "x".write(toFile: file, atomically: true, encoding: .utf8)
    let cases: [(String, String)] = [
      (folder.appendingPathComponent("none").path, "there is no such file"), (folder.path, "it is a folder"),
      (loop, "it cannot be read: its links lead in a circle"), (pipe, "it is a pipe; write it to a file first"),
      ("\(file)/x", "it cannot be read: a part of its path is a file, not a folder"),
      (String(repeating: "x", count: 300), "it cannot be read: its name is too long"), ("/dev/null", "it is a device"),
    ]
    for (path, words) in cases { XCTAssertEqual(FileFault.reading(path), words, path.prefix(80).description) }
  }

  func testWriting() {
    let cases: [(POSIXErrorCode, String)] = [
      (.ENOSPC, "it cannot be written: its disk is full"), (.ENOENT, "it cannot be written: its folder does not exist"),
      (.EACCES, "it cannot be written: its rights, or its folder's, forbid it"),
      (.EROFS, "it cannot be written: its disk is read-only"), (.EISDIR, "it cannot be written: it is a folder"),
    ]
    for (code, words) in cases { XCTAssertEqual(FileFault.writing(POSIXError(code)), words) }
    XCTAssertThrowsError(try Data().write(to: folder.appendingPathComponent("none/x"))) { error in
      XCTAssertEqual(FileFault.writing(error), "it cannot be written: its folder does not exist")
    }
  }
}
