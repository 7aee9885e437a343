/// Names and shapes of a model's weights: as a PyTorch program prints them, `NAME torch.Size([2048, 512])` a line, or as a
/// checkpoint's files have them.
package struct WeightListing: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package let name: WeightName
    /// nil where only the name is known.
    package let dimensions: [UInt64]?
    /// As the file calls it; nil where it does not say.
    package var format: String?
    /// nil where the format is not known.
    package var bytes: Count?

    /// nil where only the name is known.
    package var elements: Count? { dimensions.map { $0.map { Count($0) }.reduce(1, *) } }
  }

  package let file: String
  package let layout: WeightLayout
  /// In the file's order, under Hugging Face names.
  package let entries: [Entry]
  /// Files of an index that are not beside it, so that of their tensors only the names are known.
  package let absent: [String]

  init(file: String, layout: WeightLayout, entries: [Entry], absent: [String] = []) {
    self.file = file
    self.layout = layout
    self.entries = entries
    self.absent = absent
  }

  /// A text of one listing.
  ///
  /// - Throws: `InputError.unreadable`, as `listings`, and where the names are those of two layouts.
  package init(_ text: String, file: String) throws(InputError) {
    let listings = try Self.listings(text, file: file)
    guard listings.count == 1, let only = listings.first else {
      throw .unreadable(file: file, reason: "it holds listings in two layouts; keep one")
    }
    self = only
  }

  /// The listings of a text, one a layout, in the order in which they begin. Lines of another form are ignored; a name that could
  /// be of any layout belongs to the listing in which it stands.
  ///
  /// - Throws: `InputError.unreadable` where no line is of the form, one breaks off, or a tensor stands twice in a listing.
  package static func listings(_ text: String, file: String) throws(InputError) -> [WeightListing] {
    var parts: [(layout: WeightLayout?, entries: [Entry], seen: Set<WeightName>)] = []
    var current = 0
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
      let layout = WeightLayout(of: String(first))
      if parts.isEmpty {
        parts.append((layout, [], []))
      } else if let layout, parts[current].layout != layout {
        if parts[current].layout == nil {
          parts[current].layout = layout
        } else if let known = parts.firstIndex(where: { $0.layout == layout }) {
          current = known
        } else {
          parts.append((layout, [], []))
          current = parts.count - 1
        }
      }
      let name = WeightLayout.huggingFaceName(of: String(first))
      guard parts[current].seen.insert(name).inserted else {
        throw .unreadable(file: file, reason: "line \(index + 1) lists \(first) a second time; keep one listing")
      }
      parts[current].entries.append(Entry(name: name, dimensions: dimensions))
    }
    guard !parts.isEmpty else {
      throw .unreadable(file: file, reason: "it has no line of the form NAME torch.Size([2048, 512])")
    }
    return parts.map { WeightListing(file: file, layout: $0.layout ?? .huggingFace, entries: $0.entries) }
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
