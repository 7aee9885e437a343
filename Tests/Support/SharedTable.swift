import Foundation
import XCTest

/// A CSV file of the data that lies beside the checkout. Absent data skips the test with a reason; in CI it may not be absent.
package struct SharedTable {
  package let rows: [Row]

  package struct Row: CustomStringConvertible {
    let columns: [String: Int]
    let fields: [Substring]

    package func text(_ column: String) throws -> String {
      String(fields[try XCTUnwrap(columns[column], "no column \(column)")])
    }

    package func number(_ column: String) throws -> Double {
      try XCTUnwrap(Double(try text(column)), "\(column) of \(self) is not a number")
    }

    package var description: String { fields.joined(separator: ",") }
  }

  /// - Parameter path: below the shared folder, e.g. `reference/gemm_golden.csv`.
  package init(_ path: String) throws {
    let text = String(decoding: try Data(contentsOf: try SharedTable.url(path)), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline)
    let header = try XCTUnwrap(lines.first, "\(path) is empty").split(separator: ",", omittingEmptySubsequences: false)
    let columns = Dictionary(uniqueKeysWithValues: header.enumerated().map { (String($1), $0) })
    rows = lines.dropFirst().map {
      Row(columns: columns, fields: $0.split(separator: ",", omittingEmptySubsequences: false))
    }
  }

  /// Where the file lies.
  package static func url(_ path: String) throws -> URL {
    guard let shared = Fixtures.shared else {
      XCTAssertFalse(Fixtures.isCI, "no shared data beside the package")
      throw XCTSkip("no shared data beside the package")
    }
    return URL(fileURLWithPath: shared).appendingPathComponent(path)
  }
}
