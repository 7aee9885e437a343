import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Documents for machines.
package struct JSONFormat: Sendable {
  package init() {}

  func render(_ report: Report) throws -> String { try render(report.document()) }

  /// - Throws: `InputError.notFinite` where a number is none, which JSON cannot say.
  package func render(_ document: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    } catch EncodingError.invalidValue(let value as Double, let context) {
      throw InputError.notFinite(what: JSONFormat.path(context.codingPath), value: value)
    }
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
