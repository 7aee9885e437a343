#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Any JSON value, with integers kept apart from other numbers.
public enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])
}

extension JSONValue: Decodable {
  public init(from decoder: any Decoder) throws {
    // Containers first, because asking a container for a scalar throws, and throwing is what costs here.
    if let object = try? decoder.container(keyedBy: AnyKey.self) {
      var members: [String: JSONValue] = [:]
      for key in object.allKeys { members[key.stringValue] = try object.decode(JSONValue.self, forKey: key) }
      self = .object(members)
      return
    }
    if var array = try? decoder.unkeyedContainer() {
      var elements: [JSONValue] = []
      while !array.isAtEnd { elements.append(try array.decode(JSONValue.self)) }
      self = .array(elements)
      return
    }
    let scalar = try decoder.singleValueContainer()
    if scalar.decodeNil() {
      self = .null
    } else if let string = try? scalar.decode(String.self) {
      self = .string(string)
    } else if let integer = try? scalar.decode(Int64.self) {
      self = .integer(integer)
    } else if let bool = try? scalar.decode(Bool.self) {
      self = .bool(bool)
    } else {
      self = .number(try scalar.decode(Double.self))
    }
  }

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

extension JSONValue {
  /// Reads a file with the leniency of JSON5, because real config.json files hold `Infinity` and trailing commas.
  public static func read(file: String) throws(InputError) -> JSONValue {
    try parse(contents(of: file, kind: "configuration"), file: file)
  }

  /// A file's bytes.
  ///
  /// - Parameters:
  ///   - kind: what the file should be, for the sentence about one that is far too large for that.
  ///   - limit: MiB.
  static func contents(of file: String, kind: String, limit: UInt = 4) throws(InputError) -> Data {
    // A configuration has kilobytes; a checkpoint given by mistake has gigabytes, and need not be read to say so.
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: file).resolvingSymlinksInPath().path)
    if let size = attributes?[.size] as? UInt, size > limit << 20 {
      throw .unreadable(file: file, reason: "it is larger than \(limit) MiB, which no \(kind) is")
    }
    do {
      return try Data(contentsOf: URL(fileURLWithPath: file))
    } catch {
      throw .unreadable(file: file, reason: readFailure(of: file))
    }
  }

  public static func parse(_ data: Data, file: String) throws(InputError) -> JSONValue {
    guard data.contains(where: { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }) else {
      throw .notJSON(file: file, detail: "it is empty")
    }
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    let value: JSONValue
    do {
      value = try decoder.decode(JSONValue.self, from: data)
    } catch {
      throw .notJSON(file: file, detail: flaw(in: data))
    }
    // Readers disagree on which of two values counts; the decoder keeps one without a word.
    if let key = RepeatedKeys.first(in: data) {
      throw .wrongValue(file: file, key: key, found: "there more than once", expected: "each key once")
    }
    return value
  }

  /// The decoder does not say what it stumbled over; these are the usual cases.
  private static func flaw(in data: Data) -> String {
    guard String(data: data, encoding: .utf8) != nil, !data.contains(0) else { return "it is not text" }
    var open = 0
    var isInString = false
    var isEscaped = false
    for byte in data {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = isInString
      } else if byte == UInt8(ascii: "\"") {
        isInString.toggle()
      } else if !isInString {
        if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { open += 1 }
        if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { open -= 1 }
      }
    }
    return open > 0 || isInString
      ? "it ends before its last bracket is closed" : "its syntax is wrong, or a number in it is too large"
  }

  private static func readFailure(of file: String) -> String {
    guard FileManager.default.fileExists(atPath: file) else { return "there is no such file" }
    let type = (try? FileManager.default.attributesOfItem(atPath: file))?[.type] as? FileAttributeType
    return type == .typeDirectory ? "it is a folder" : "it cannot be read"
  }

  /// As it would stand in a JSON file, shortened: for messages.
  public var summary: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): "\(value)"
    case .string(let value): "\"\(value.count > 40 ? value.prefix(40) + "…" : value[...])\""
    case .array(let values):
      values.count <= 3 ? "[\(values.map(\.summary).joined(separator: ", "))]" : "a list of \(values.count)"
    case .object(let members): "an object with \(members.count) keys"
    }
  }
}
