import Foundation
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Comments and pages name things that are there, and pages leave out nothing that they list.
final class DocumentationTests: XCTestCase {
  /// Files that users bring and the repository does not hold.
  private static let users: Set<String> = ["config.json", "hf_quant_config.json"]

  func testEveryFileThatACommentNamesIsThere() throws {
    let sources = RepositoryFiles.paths.filter { path in
      path.hasPrefix("Sources/") && ["c", "cu", "cuh", "h", "swift"].contains { path.hasSuffix(".\($0)") }
    }
    XCTAssertGreaterThan(sources.count, 200)
    var named = 0
    for path in sources.sorted() {
      let text = try String(contentsOfFile: "\(Fixtures.packageRoot)/\(path)", encoding: .utf8)
      for (index, line) in text.components(separatedBy: "\n").enumerated() {
        for name in Self.fileNames(in: Self.comment(of: line)) where !Self.users.contains(name) {
          named += 1
          XCTAssertTrue(RepositoryFiles.contains(name), "\(path):\(index + 1) names \(name), which is not there")
        }
      }
    }
    // Else the search, and not the comments, has changed.
    XCTAssertGreaterThan(named, 5)
  }

  func testCommentsAndNamesAreFound() {
    XCTAssertEqual(Self.comment(of: #"let x = "a // b"  // c"#), " c")
    XCTAssertEqual(Self.comment(of: #"let x = "a \" // b""#), "")
    XCTAssertEqual(Self.comment(of: "  /// Source: Gone.md."), "/ Source: Gone.md.")
    XCTAssertEqual(
      Self.fileNames(in: "See `../other/gone.md`, Hardware/<gpu>.json and A+B.swift; e.g. 1.5 of .json"),
      ["../other/gone.md", "A+B.swift"])
    XCTAssertFalse(RepositoryFiles.contains("../other/gone.md"))
    XCTAssertTrue(RepositoryFiles.contains("RooflineCore/Documentation.docc"))
  }

  func testEveryLinkBetweenPagesLeadsToAFile() throws {
    for page in try DocumentationPage.all() {
      let folder = URL(fileURLWithPath: "/\(page.path)").deletingLastPathComponent()
      for link in Self.matches(of: #"\]\(([^)]*)\)"#, in: page.text) where !link.contains("://") {
        let target = folder.appendingPathComponent(link).standardizedFileURL.path.dropFirst()
        XCTAssertTrue(RepositoryFiles.paths.contains(String(target)), "\(page.path) links \(link), which is not there")
      }
    }
  }

  func testEveryPathThatAPageNamesIsThere() throws {
    for page in try DocumentationPage.all() {
      for path in Self.matches(of: #"`((?:Sources|Tests|Models|Hardware|\.ci)/[A-Za-z0-9_+./-]+)`"#, in: page.text) {
        XCTAssertTrue(RepositoryFiles.contains(path), "\(page.path) names \(path), which is not there")
      }
    }
  }

  func testEveryOperatorKindHasItsCount() throws {
    let page = try DocumentationPage("Sources/RooflineCore/Documentation.docc/Counting.md")
    let kinds = page.text.components(separatedBy: "\n").filter { $0.hasPrefix("| `") }
      .flatMap { Self.matches(of: "`([a-z0-9_]+)`", in: $0.components(separatedBy: " | ")[0]) }
    XCTAssertEqual(Set(kinds), Set(OperatorKind.allCases.map(\.rawValue)))
    XCTAssertEqual(kinds.count, OperatorKind.allCases.count, "a kind stands twice")
  }

  func testEveryConstantStandsUnderItsModel() throws {
    let page = try DocumentationPage("Sources/RooflineCore/Documentation.docc/TimeModels.md")
    func assertNamed<Constants: FittedConstants>(_ constants: Constants.Type, _ heading: String) throws {
      let section = try XCTUnwrap(page.section(heading), heading)
      for parameter in Constants.parameters {
        XCTAssertTrue(section.contains("`\(parameter.key)`"), "\(heading) does not name \(parameter.key)")
      }
    }
    try assertNamed(GEMMConstants.self, "GEMM")
    try assertNamed(PrefillConstants.self, "Attention over a prompt")
    try assertNamed(DecodeConstants.self, "Attention in a decode step")
    try assertNamed(RowConstants.self, "Row kernels")
    try assertNamed(CollectiveConstants.self, "Collectives")
    try assertNamed(ExpertConstants.self, "Experts")
    try assertNamed(LowPrecisionConstants.self, "Low precision")
    try assertNamed(AllToAllConstants.self, "Dispatch and combine")
  }

  // MARK: reading

  /// What stands behind the first `//` that is in no string; empty where there is none.
  private static func comment(of line: String) -> String {
    var isQuoted = false
    var previous: Character = " "
    for index in line.indices {
      let character = line[index]
      if character == "\"", previous != "\\" { isQuoted.toggle() }
      if character == "/", previous == "/", !isQuoted { return String(line[line.index(after: index)...]) }
      previous = character
    }
    return ""
  }

  private static func fileNames(in comment: String) -> [String] {
    matches(of: #"((?:[A-Za-z0-9_+-]|\.\./)[A-Za-z0-9_+./-]*\.(?:md|json|swift|docc))\b"#, in: comment)
  }

  /// The first group of each match.
  private static func matches(of pattern: String, in text: String) -> [String] {
    guard let expression = try? NSRegularExpression(pattern: pattern) else { return [] }
    return expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).compactMap { match in
      Range(match.range(at: 1), in: text).map { String(text[$0]) }
    }
  }
}
