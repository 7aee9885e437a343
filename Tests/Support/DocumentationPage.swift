import Foundation

/// A page for people: the README or an article of a documentation catalog.
package struct DocumentationPage: Sendable {
  /// From the package's folder.
  package let path: String
  package let text: String

  package init(_ path: String) throws {
    self.path = path
    text = try String(contentsOfFile: "\(Fixtures.packageRoot)/\(path)", encoding: .utf8)
  }

  /// The README and every article of every catalog in `Sources`.
  package static func all() throws -> [DocumentationPage] {
    let articles = RepositoryFiles.paths.filter {
      $0.hasPrefix("Sources/") && $0.contains("/Documentation.docc/") && $0.hasSuffix(".md")
    }
    return try (["README.md"] + articles.sorted()).map(DocumentationPage.init)
  }

  /// The contents of its blocks in one language, in their order.
  package func blocks(_ language: String) -> [String] {
    var blocks: [String] = []
    var block: [Substring]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "```\(language)" {
        block = []
      } else if line == "```", let lines = block {
        blocks.append(lines.joined(separator: "\n"))
        block = nil
      } else {
        block?.append(line)
      }
    }
    return blocks
  }

  /// What its `sh` blocks hand to `roofline`, a line a command.
  package var rooflineCommands: [String] {
    let prefix = "swift run -c release roofline "
    return blocks("sh").flatMap { $0.split(separator: "\n") }.filter { $0.hasPrefix(prefix) }
      .map { String($0.dropFirst(prefix.count)) }
  }

  /// The text under a heading of the second level, up to the next.
  package func section(_ heading: String) -> String? {
    guard let start = text.range(of: "\n## \(heading)\n") else { return nil }
    let rest = text[start.upperBound...]
    return String(rest.range(of: "\n## ").map { rest[..<$0.lowerBound] } ?? rest)
  }
}
