import Foundation
import RooflineCore
import XCTest

/// What a path is, how large, and whether it may be written; through links.
final class FileStatusTests: XCTestCase {
  func testFilesFoldersLinksAndDevices() throws {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appendingPathComponent("status-\(UUID().uuidString)")
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? files.removeItem(at: folder) }
    let file = folder.appendingPathComponent("file").path
    try Data("seven b".utf8).write(to: URL(fileURLWithPath: file))
    let link = folder.appendingPathComponent("link").path
    try files.createSymbolicLink(atPath: link, withDestinationPath: file)

    for path in [file, link] {
      let status = try XCTUnwrap(FileStatus(path))
      XCTAssertEqual(status.kind, .regular)
      XCTAssertEqual(status.size, 7)
      XCTAssertTrue(status.isWritable)
    }
    try files.setAttributes([.posixPermissions: 0o444], ofItemAtPath: file)
    XCTAssertEqual(FileStatus(link)?.isWritable, false)
    XCTAssertEqual(FileStatus(folder.path)?.kind, .folder)
    XCTAssertEqual(FileStatus("/dev/null")?.kind, .device)

    try files.removeItem(atPath: file)
    XCTAssertNil(FileStatus(file))
    XCTAssertNil(FileStatus(link), "a link to nothing is nothing")
    XCTAssertNil(FileStatus(""))
  }
}
