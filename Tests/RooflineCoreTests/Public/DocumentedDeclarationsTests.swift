import TestSupport
import XCTest

/// Everything that is public says what it is: others read it without the code.
final class DocumentedDeclarationsTests: XCTestCase {
  func testEveryPublicDeclarationHasADocComment() throws {
    var declarations = 0
    let engine = ["RooflineCore", "RooflineTimeModels", "RooflineAnalysis", "RooflineDeployment"]
    for path in RepositoryFiles.paths
    where path.hasSuffix(".swift") && engine.contains(where: { path.hasPrefix("Sources/\($0)/") }) {
      let source = PublicDeclarations(
        try String(contentsOfFile: "\(Fixtures.packageRoot)/\(path)", encoding: .utf8))
      declarations += source.all.count
      for declaration in source.all where !declaration.isDocumented {
        XCTFail("\(path):\(declaration.line) has no doc comment: \(declaration.text)")
      }
    }
    // That many there are at least, so that a reader of sources which finds none does not pass.
    XCTAssertGreaterThan(declarations, 200)
  }

  func testEachWayOfDeclaringIsFound() {
    let source = PublicDeclarations(
      """
      /// A type.
      public struct Known {
        public var bare: Int
        /// A sum.
        @inline(__always) public static func + (left: Self, right: Self) -> Self { left }
        @inline(__always)
        public init() {}
        package var own: Int
        var text: String { "public var" }
      }

      public enum Kind: String,
        Sendable
      {
        case one
        /// Two of them.
        case two, three

        public var name: String {
          switch self {
          case .one: "a"
          case .two, .three: "b"
          }
        }
      }

      /// Asks for much.
      public protocol Asking {
        associatedtype Answer
        // No doc comment.
        func ask() -> Answer
      }

      /// The tool's.
      package enum Own {
        case one
      }

      /// No access of their own.
      public extension Known {
        static var zero: Self { Self() }
        private var hidden: Int { 0 }
      }

      struct Other {
        /// On one line.
        public enum Side { case left, right }
        func side(_ side: Side) -> Bool {
          switch side {
          case .left: true
          case .right: false
          }
        }
      }
      """)
    XCTAssertEqual(
      source.all.filter { !$0.isDocumented }.map(\.line), [3, 7, 12, 15, 19, 29, 31, 41])
    XCTAssertEqual(source.all.filter(\.isDocumented).map(\.line), [2, 5, 17, 28, 40, 47])
  }
}

/// The public declarations of a source, with the cases of public enums and the requirements of public protocols.
///
/// It reads lines as the formatter, which the gate runs, leaves them: a declaration begins a line, and a type ends with a brace
/// under its first letter.
private struct PublicDeclarations {
  struct Declaration {
    let line: Int
    let text: Substring
    let isDocumented: Bool
  }

  private(set) var all: [Declaration] = []
  private var lines: [Substring] = []

  init(_ source: String) {
    lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    for index in lines.indices where Self.words(lines[index]).contains("public") {
      add(index)
      addMembers(of: index)
    }
    all.sort { $0.line < $1.line }
  }

  /// What has the access of the type around it: cases, requirements, members of a public extension. They stand one level below its
  /// own line.
  private mutating func addMembers(of type: Int) {
    // What stands on one line has the type's comment.
    guard lines[type].last != "}" else { return }
    let words = Self.words(lines[type])
    let starts: Set<Substring>
    if words.contains("enum") {
      starts = ["case", "indirect"]
    } else if words.contains("protocol") || words.contains("extension") {
      starts = ["associatedtype", "enum", "func", "init", "mutating", "static", "struct", "subscript", "var"]
    } else {
      return
    }
    let indent = Self.indent(lines[type])
    for index in (type + 1)..<lines.endIndex {
      let line = lines[index]
      if line.drop(while: { $0 == " " }) == "}", Self.indent(line) == indent { return }
      if Self.indent(line) == indent + 2, let first = Self.words(line).first, starts.contains(first) { add(index) }
    }
  }

  private mutating func add(_ index: Int) {
    var above = index - 1
    // Lines of attributes alone stand between a comment and its declaration.
    while above >= 0, lines[above].drop(while: { $0 == " " }).hasPrefix("@"), Self.words(lines[above]).isEmpty {
      above -= 1
    }
    let isDocumented = above >= 0 && lines[above].drop(while: { $0 == " " }).hasPrefix("///")
    all.append(
      Declaration(line: index + 1, text: lines[index].drop { $0 == " " }, isDocumented: isDocumented))
  }

  private static func indent(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }

  /// What a line begins with, attributes aside: the modifiers and the keyword of a declaration.
  private static func words(_ line: Substring) -> [Substring] {
    let words = line.split { !($0.isLetter || $0 == "@" || $0 == "/" || $0 == "_" || $0 == "\"" || $0 == ".") }
    let declaration = words.drop { $0.hasPrefix("@") || $0 == "__always" || $0 == "never" }
    return Array(declaration.prefix { !$0.hasPrefix("/") && !$0.contains("\"") }.prefix(5))
  }
}
