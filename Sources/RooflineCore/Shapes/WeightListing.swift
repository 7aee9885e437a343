#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Names and shapes as a PyTorch program prints them, `NAME torch.Size([2048, 512])` a line.
package struct WeightListing: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package let name: WeightName
    package let dimensions: [UInt64]
  }

  package let file: String
  package let layout: WeightLayout
  /// In the file's order, under Hugging Face names.
  package let entries: [Entry]

  package static func read(file: String) throws(InputError) -> WeightListing {
    guard let text = String(data: try JSONValue.contents(of: file, kind: "listing"), encoding: .utf8) else {
      throw .unreadable(file: file, reason: "it is not text")
    }
    return try WeightListing(text, file: file)
  }

  /// Lines of another form are ignored.
  ///
  /// - Throws: `InputError.unreadable` where no line is of the form, one breaks off, a tensor stands there twice, or the
  ///   names are those of two layouts.
  package init(_ text: String, file: String) throws(InputError) {
    var entries: [Entry] = []
    var seen: Set<WeightName> = []
    var layouts: Set<WeightLayout> = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let last = lines.lastIndex { line in line.contains { !$0.isWhitespace } }
    for (index, line) in lines.enumerated() {
      let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let first = words.first else { continue }
      let rest = words.count > 1 ? String(words[1]) : ""
      guard rest.hasPrefix(Self.opening) else {
        if index == last, WeightLayout(of: String(first)) != nil, Self.opening.hasPrefix(rest) {
          throw .unreadable(file: file, reason: "it is truncated: line \(index + 1) ends before its shape")
        }
        continue
      }
      guard let dimensions = Self.dimensions(rest) else {
        throw .unreadable(
          file: file, reason: "line \(index + 1) is truncated or has no shape; expected NAME torch.Size([2048, 512])")
      }
      if let layout = WeightLayout(of: String(first)) { layouts.insert(layout) }
      guard layouts.count < 2 else {
        throw .unreadable(
          file: file, reason: "it holds listings in two layouts, the second from line \(index + 1) on; keep one")
      }
      let name = WeightLayout.huggingFaceName(of: String(first))
      guard seen.insert(name).inserted else {
        throw .unreadable(file: file, reason: "line \(index + 1) lists \(first) a second time; keep one listing")
      }
      entries.append(Entry(name: name, dimensions: dimensions))
    }
    guard !entries.isEmpty else {
      throw .unreadable(file: file, reason: "it has no line of the form NAME torch.Size([2048, 512])")
    }
    self.file = file
    self.layout = layouts.first ?? .huggingFace
    self.entries = entries
  }

  private static let opening = "torch.Size(["

  /// The numbers of `torch.Size([2048, 512])`, which may be none; nil where it is anything else.
  private static func dimensions(_ text: String) -> [UInt64]? {
    var text = text[...]
    while text.last?.isWhitespace == true { text.removeLast() }
    guard text.hasPrefix(opening), text.hasSuffix("])") else { return nil }
    let inside = text.dropFirst(opening.count).dropLast(2).filter { $0 != " " }
    guard !inside.isEmpty else { return [] }
    var numbers: [UInt64] = []
    for part in inside.split(separator: ",", omittingEmptySubsequences: false) {
      guard let number = UInt64(part) else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}
