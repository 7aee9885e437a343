import Foundation
import TestSupport
import XCTest
import roofline

/// `measure` on the stand-in of the driver, and the files that it writes.
class MeasureTestCase: CommandTestCase {
  /// The surroundings of a machine with the stand-in, whose cache is small, so that few copies make a round.
  func surroundings(_ switches: String = "", terminal: (@Sendable (String) -> Void)? = nil) throws
    -> Surroundings
  {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 \(switches)")
    var environment = fake.environment
    environment["ROOFLINE_CUBLASLT"] = fake.path
    environment["ROOFLINE_HOME"] = Fixtures.packageRoot
    return Surroundings(environment: environment, progress: terminal)
  }

  func document(_ path: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  func observations(_ path: String) throws -> [[String: Any]] {
    try XCTUnwrap(document(path)["observations"] as? [[String: Any]])
  }
}
