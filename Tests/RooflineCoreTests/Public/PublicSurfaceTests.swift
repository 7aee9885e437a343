import Foundation
import TestSupport
import XCTest

/// What is public is enough for the program on the module's page, and the program is one that compiles.
final class PublicSurfaceTests: XCTestCase {
  func testAProgramOutsideOfThePackageCompilesThePagesExample() throws {
    let page = try DocumentationPage("Sources/RooflineCore/Documentation.docc/RooflineCore.md")
    let program = try XCTUnwrap(page.blocks("swift").first)
    XCTAssertEqual(try errors(of: program), "")
  }

  func testAProgramOutsideOfThePackageSeesNoRowsOfAForwardPass() throws {
    let errors = try errors(of: "import RooflineCore\nlet pass: ForwardPass<Count>\n")
    XCTAssertTrue(errors.contains("cannot find type 'ForwardPass'"), errors)
  }

  /// What the compiler says of a program of another package; empty where it has no objection.
  private func errors(of program: String) throws -> String {
    #if os(Linux)
      let tests = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      let products = tests.deletingLastPathComponent()
      let modules = products.appendingPathComponent("Modules")
      guard FileManager.default.fileExists(atPath: modules.appendingPathComponent("RooflineCore.swiftmodule").path)
      else {
        throw XCTSkip("no RooflineCore.swiftmodule in \(modules.path)")
      }
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("surface-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let file = folder.appendingPathComponent("main.swift")
      try program.write(to: file, atomically: true, encoding: .utf8)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [
        "swiftc", "-typecheck", "-swift-version", "6", "-package-name", "another", "-I", modules.path,
        "-module-cache-path", folder.path, file.path,
      ]
      let output = Pipe()
      process.standardOutput = output
      process.standardError = output
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      guard process.terminationStatus != 127 else { throw XCTSkip("there is no swiftc") }
      return process.terminationStatus == 0 ? "" : text
    #else
      throw XCTSkip("where the module lies is known on Linux alone")
    #endif
  }
}
