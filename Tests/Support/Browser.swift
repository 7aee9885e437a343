import Foundation
import XCTest

/// A headless browser, where one is installed.
package enum Browser {
  /// What a run leaves: the document as its scripts made it, and what the browser said of it.
  package struct Visit {
    package let document: String
    /// Lines of its console.
    package let console: [String]
  }

  /// Absent, the test skips with a reason; in CI it may not be absent.
  package static func path() throws -> String {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let paths = folders.flatMap { folder in ["chromium", "chromium-browser", "google-chrome"].map { "\(folder)/\($0)" }
    }
    guard let path = paths.first(where: FileManager.default.isExecutableFile(atPath:)) else {
      XCTAssertFalse(Fixtures.isCI, "no chromium")
      throw XCTSkip("no chromium; the Debian package is called so")
    }
    return path
  }

  /// - Parameter isDark: whether the reader prefers dark pages.
  package static func visit(_ page: URL, isDark: Bool, folder: URL) throws -> Visit {
    let (document, words) = (folder.appendingPathComponent("document"), folder.appendingPathComponent("words"))
    try Data().write(to: document)
    try Data().write(to: words)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try path())
    process.arguments =
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=120000", "--enable-logging=stderr",
        "--window-size=2100,1000", "--user-data-dir=\(folder.appendingPathComponent("profile").path)", "--dump-dom",
      ] + (isDark ? ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] : []) + [page.absoluteString]
    process.standardOutput = try FileHandle(forWritingTo: document)
    process.standardError = try FileHandle(forWritingTo: words)
    try process.run()
    process.waitUntilExit()
    XCTAssertEqual(process.terminationStatus, 0)
    let lines = try String(contentsOf: words, encoding: .utf8).components(separatedBy: "\n")
    return Visit(
      document: try String(contentsOf: document, encoding: .utf8), console: lines.filter { $0.contains("CONSOLE") })
  }
}
