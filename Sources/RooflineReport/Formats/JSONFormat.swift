import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Documents for machines.
package struct JSONFormat: Sendable {
  package init() {}

  package func render(_ report: Report) throws -> String {
    let document = try report.document()
    let text = try render(document)
    guard let ordered = (document as? any OrderedDocument)?.ordered, text.hasSuffix("\n}\n") else { return text }
    let member = "  \(OrderedJSON.quoted(ordered.key)) : \(ordered.value.text(depth: 1))"
    return "\(text.dropLast(3)),\n\(member)\n}\n"
  }

  /// - Throws: `InputError.notFinite` where a number is none, which JSON cannot say.
  package func render(_ document: some Encodable) throws -> String {
    try encoded(document, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]) + "\n"
  }

  /// On one line, as short as it gets.
  ///
  /// - Throws: as the other.
  package func compact(_ document: some Encodable) throws -> String {
    try encoded(document, [.sortedKeys, .withoutEscapingSlashes])
  }

  private func encoded(_ document: some Encodable, _ formatting: JSONEncoder.OutputFormatting) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    do {
      return String(decoding: try encoder.encode(document), as: UTF8.self)
    } catch EncodingError.invalidValue(let value as Double, let context) {
      throw InputError.notFinite(what: JSONFormat.path(context.codingPath), value: value)
    }
  }

  /// A string as it stands in a document of one line.
  package static func quoted(_ text: String) -> String {
    // Most words need no second look.
    guard text.utf8.contains(where: { $0 < 0x20 || $0 > 0x7E || $0 == 0x22 || $0 == 0x5C }) else {
      return "\"\(text)\""
    }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted.printableJSON + "\""
  }

  /// `phases[0].operators[2].timeSeconds`.
  private static func path(_ keys: [any CodingKey]) -> String {
    keys.reduce("") { path, key in
      key.intValue.map { "\(path)[\($0)]" } ?? (path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)")
    }
  }
}

/// An optional that stands in the document as `null`, where the compiler's own encoding would leave the key out.
@propertyWrapper
package struct Nullable<Value: Encodable>: Encodable {
  package var wrappedValue: Value?

  package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}
