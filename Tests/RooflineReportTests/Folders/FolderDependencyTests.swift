import Foundation
import TestSupport
import XCTest

/// No two folders of a module need each other, directly or in a circle, and none is too full to look through.
final class FolderDependencyTests: XCTestCase {
  /// Swift files that lie in one folder: about 20.
  private static let mostFiles = 24

  func testNoFoldersOfAModuleNeedEachOther() throws {
    let modules = try Self.modules()
    // Else no sources were found, or no name in them.
    XCTAssertGreaterThan(modules.count, 8)
    XCTAssertGreaterThan(modules.reduce(0) { $0 + $1.uses.values.reduce(0) { $0 + $1.count } }, 80)
    for module in modules {
      for circle in module.circles { XCTFail(module.sentence(circle)) }
    }
  }

  func testFoldersOfTheEngineStandBelowThoseThatTheyNeed() throws {
    let page = try DocumentationPage("Sources/RooflineCore/Documentation.docc/RooflineCore.md")
    let rows = try XCTUnwrap(page.section("Where things stand")).split(separator: "\n")
    let modules = try Self.modules()
    for name in ["RooflineCore", "RooflineTimeModels", "RooflineAnalysis", "RooflineDeployment"] {
      let prefix = "| `Sources/\(name)/"
      let listed = rows.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count).prefix { $0 != "`" }) }
      let folders = Set(
        RepositoryFiles.paths.filter { $0.hasPrefix("Sources/\(name)/") && $0.hasSuffix(".swift") }
          .compactMap { $0.split(separator: "/").dropFirst(2).first.map(String.init) })
      XCTAssertEqual(listed.sorted(), folders.sorted(), "the page's list is not that of the folders of \(name)")
      let module = try XCTUnwrap(modules.first { $0.module == name })
      for (place, folder) in listed.enumerated() {
        for used in (module.uses[folder] ?? [:]).keys.sorted() where !listed[..<place].contains(used) {
          XCTFail("the page lists \(used) below \(folder): \(module.sentence([folder, used]))")
        }
      }
    }
  }

  func testNoFolderIsTooFull() {
    var numbers: [String: Int] = [:]
    for path in RepositoryFiles.paths where path.hasSuffix(".swift") && path.contains("/") {
      numbers[String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), default: 0] += 1
    }
    XCTAssertGreaterThan(numbers.count, 50)
    for (folder, number) in numbers.sorted(by: { $0.key < $1.key }) where number > Self.mostFiles {
      XCTFail(
        "\(folder) has \(number) Swift files; divide it, since more than \(Self.mostFiles) are hard to look through")
    }
  }

  // MARK: what is found

  func testFoldersThatNeedEachOtherAreNamedWithTheirTypesAndFiles() {
    let module = Self.module([
      "Low/A.swift": "struct A { var b: B }", "High/B.swift": "struct B { var text = \"A\" }  // A",
      "High/C.swift": "func make() -> A { A() }",
    ])
    XCTAssertEqual(module.circles, [["High", "Low"]])
    XCTAssertEqual(
      module.sentence(["High", "Low"]),
      "M: High needs Low for A (Low/A.swift) in High/C.swift; Low needs High for B (High/B.swift) in Low/A.swift")
  }

  func testACircleOfThreeIsFoundOnce() {
    let module = Self.module([
      "One/A.swift": "struct A {}\nlet own = B.self", "Two/B.swift": "enum B: C {}",
      "Three/C.swift": "protocol C { associatedtype D\n  var a: A { get } }", "Four/D.swift": "struct D { let a: A }",
    ])
    XCTAssertEqual(module.circles, [["One", "Two", "Three"]])
  }

  func testASlipIsNamedOnceHoweverManyCirclesItCloses() {
    let module = Self.module([
      "Low/A.swift": "struct A { let slip: C }", "Middle/B.swift": "struct B { let a: A }",
      "High/C.swift": "struct C { let a: A, b: B }",
    ])
    XCTAssertEqual(module.circles, [["High", "Low"]])
  }

  func testMembersThatAnotherFolderAddsAreUses() {
    let low = "struct A { var own = 1 }\nlet sum = A().%@"
    let high = "extension A {\n  var added: Int { own }\n  static func make(_ own: Int) -> A { A() }\n}\nstruct B {}"
    for (use, isFound) in [("added", true), ("make(1)", true), ("own", false), ("other", false)] {
      let module = Self.module(["Low/A.swift": low.replacingOccurrences(of: "%@", with: use), "High/A+B.swift": high])
      XCTAssertEqual(!module.circles.isEmpty, isFound, use)
    }
    // Of a name that others have, too, nobody can say whose it is.
    XCTAssertEqual(
      Self.module([
        "Low/A.swift": low.replacingOccurrences(of: "%@", with: "added"), "High/A+B.swift": high,
        "Low/C.swift": "struct C { let added: Int }",
      ]).circles, [])
    XCTAssertEqual(
      Self.module(
        ["Low/A.swift": low.replacingOccurrences(of: "%@", with: "added"), "High/A+B.swift": high], foreign: ["added"]
      ).circles, [])
  }

  func testFreeFunctionsTypealiasesAndInterpolationsAreUses() {
    let uses = [
      "let sum = joined(1)", "let kind: Kind", ##"let text = #"a \#(Kind.self) b"#"##, "let text = \"\\(Kind())\"",
    ]
    for use in uses {
      let module = Self.module([
        "Low/A.swift": "public struct A {}\n\(use)",
        "High/B.swift": "func joined(_ a: Int) -> A { A() }\ntypealias Kind = A",
      ])
      XCTAssertEqual(module.circles, [["High", "Low"]], use)
    }
  }

  func testNamesThatMeanSomethingElseAreNoUses() {
    let others = [
      "/* B /* B */ B */", "let text = \"\"\"\n  B \\\"\"\" B\n  \"\"\"", "let text = #\"\\(B) \" B\"#",
      "let own = A.B.self",
      "struct C {\n  enum B { case one }\n  let b: B\n}", "func all<Value, B: Sequence>(_ b: B) {}",
      "private struct B {}\nlet b = B()", "let range = 1...2  // ...B",
    ]
    for other in others {
      let module = Self.module(["Low/A.swift": "struct A {}\n\(other)", "High/B.swift": "struct B { let a: A }"])
      XCTAssertEqual(module.circles, [], other)
    }
    XCTAssertEqual(
      Self.module(["Low/A.swift": "struct A {}\nlet few = 0...B.most", "High/B.swift": "struct B { let a: A }"])
        .circles,
      [["High", "Low"]])
  }

  // MARK: sources

  private static func module(_ files: [String: String], foreign: Set<String> = []) -> ModuleFolders {
    ModuleFolders("M", files.mapValues(SourceNames.init), foreign: foreign)
  }

  private static func modules() throws -> [ModuleFolders] {
    var sources: [String: [String: SourceNames]] = [:]
    for path in RepositoryFiles.paths where path.hasPrefix("Sources/") && path.hasSuffix(".swift") {
      let parts = path.split(separator: "/", maxSplits: 2)
      let text = try String(contentsOfFile: "\(Fixtures.packageRoot)/\(path)", encoding: .utf8)
      sources[String(parts[1]), default: [:]][String(parts[2])] = SourceNames(text)
    }
    func all(_ module: String, _ names: (SourceNames) -> Set<String>) -> Set<String> {
      (sources[module] ?? [:]).values.reduce(into: []) { $0.formUnion(names($1)) }
    }
    let members = sources.keys.reduce(into: [:]) { $0[$1] = all($1, \.allMembers) }
    return sources.keys.sorted().map { module in
      ModuleFolders(
        module, sources[module] ?? [:],
        foreign: all(module, \.imports).reduce(into: []) { $0.formUnion(members[$1] ?? []) })
    }
  }
}
