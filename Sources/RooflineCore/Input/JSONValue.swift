#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Any JSON value, with integers kept apart from other numbers.
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])
}

extension JSONValue {
  /// Reads a file with the leniency of JSON5, because real config.json files hold `Infinity` and trailing commas.
  package static func read(file: String) throws(InputError) -> JSONValue {
    try parse(contents(of: file, kind: "configuration"), file: file)
  }

  /// A file's bytes.
  ///
  /// - Parameters:
  ///   - kind: what the file should be, for the sentence about one that is far too large for that.
  ///   - limit: MiB.
  package static func contents(of file: String, kind: String, limit: UInt64 = 4) throws(InputError) -> Data {
    // A configuration has kilobytes; a checkpoint given by mistake has gigabytes, and need not be read to say so.
    if let status = FileStatus(file), status.size > limit << 20 {
      throw .unreadable(file: file, reason: "it is larger than \(limit) MiB, which no \(kind) is")
    }
    guard let contents = FileManager.default.contents(atPath: file) else {
      throw .unreadable(file: file, reason: FileFault.reading(file))
    }
    return contents
  }

  /// - Throws: `InputError.notJSON` with line and column where the text stops being JSON; `wrongValue` where a key stands twice
  ///   in one object.
  package static func parse(_ data: Data, file: String) throws(InputError) -> JSONValue {
    try JSONText(data, file: file).value()
  }

  /// As it would stand in a JSON file, shortened: for messages.
  package var summary: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): "\(value)"
    case .string(let value): "\"\(value.count > 40 ? value.prefix(40) + "…" : value[...])\""
    case .array(let values):
      values.count <= 3 && !values.contains(where: \.isContainer)
        ? "[\(values.map(\.summary).joined(separator: ", "))]" : "a list of \(values.count)"
    case .object(let members): "an object with \(members.count) keys"
    }
  }

  private var isContainer: Bool {
    switch self {
    case .array, .object: true
    case .null, .bool, .integer, .number, .string: false
    }
  }
}
