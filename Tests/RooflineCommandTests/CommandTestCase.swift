import Foundation
import TestSupport
import XCTest
import roofline

/// Runs the tool in process, from the package's folder, as a user there would.
class CommandTestCase: XCTestCase {
  static let mainCommand = "analyze --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024"

  override func setUp() {
    super.setUp()
    XCTAssertTrue(FileManager.default.changeCurrentDirectoryPath(Fixtures.packageRoot))
  }

  func roofline(_ line: String, _ surroundings: Surroundings = Surroundings()) -> Outcome {
    Tool.run(line.split(separator: " ").map(String.init), surroundings)
  }

  /// The output of a run that must succeed.
  func output(_ line: String, file: StaticString = #filePath, line number: UInt = #line) -> String {
    let outcome = roofline(line)
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors, file: file, line: number)
    return outcome.output
  }

  func json(_ line: String, file: StaticString = #filePath, line number: UInt = #line) throws -> [String: Any] {
    let text = output("\(line) --format json", file: file, line: number)
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try XCTUnwrap(object as? [String: Any], file: file, line: number)
  }

  /// A temporary folder that is gone after the test.
  func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("roofline-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    addTeardownBlock { try? FileManager.default.removeItem(at: folder) }
    return folder
  }
}
