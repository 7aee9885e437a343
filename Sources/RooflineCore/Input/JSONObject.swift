/// An object of a JSON file that knows the file and its own place in it, so that each complaint names both.
package struct JSONObject: Sendable {
  package let file: String
  /// Dotted path of this object; empty for the file's top level.
  package let path: String
  package private(set) var members: [String: JSONValue]

  package init(_ value: JSONValue, file: String, path: String = "") throws(InputError) {
    guard case .object(let members) = value else {
      throw .wrongValue(
        file: file, key: path.isEmpty ? "the file" : path, found: value.summary, expected: "an object { … }")
    }
    self.file = file
    self.path = path
    self.members = members
  }

  package func keyPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The value, or nil where the key is absent or null.
  package subscript(key: String) -> JSONValue? {
    guard let value = members[key], value != .null else { return nil }
    return value
  }

  package mutating func set(_ key: String, to value: JSONValue) { members[key] = value }

  package func object(_ key: String) throws(InputError) -> JSONObject? {
    guard let value = self[key] else { return nil }
    return try JSONObject(value, file: file, path: keyPath(key))
  }

  package func string(_ key: String) throws(InputError) -> String? {
    guard let value = self[key] else { return nil }
    guard case .string(let string) = value else { throw wrong(key, value, "a string") }
    return string
  }

  package func bool(_ key: String) throws(InputError) -> Bool? {
    guard let value = self[key] else { return nil }
    guard case .bool(let bool) = value else { throw wrong(key, value, "true or false") }
    return bool
  }

  /// A whole number of at least 1.
  package func positiveInteger(_ key: String) throws(InputError) -> UInt64? {
    guard let value = self[key] else { return nil }
    guard let integer = value.wholeNumber, integer > 0 else {
      throw wrong(key, value, "a whole number of at least 1, below 2^63")
    }
    return UInt64(integer)
  }

  /// A number above 0.
  package func positiveNumber(_ key: String) throws(InputError) -> Double? {
    guard let value = self[key] else { return nil }
    guard let number = value.number, number > 0, number.isFinite else { throw wrong(key, value, "a number above 0") }
    return number
  }

  package func strings(_ key: String) throws(InputError) -> [String]? {
    guard let value = self[key] else { return nil }
    guard case .array(let elements) = value else { throw wrong(key, value, "a list of strings") }
    var strings: [String] = []
    for element in elements {
      guard case .string(let string) = element else { throw wrong(key, value, "a list of strings") }
      strings.append(string)
    }
    return strings
  }

  /// Refuses keys that the schema does not have.
  package func requireOnly(_ known: [String]) throws(InputError) {
    for key in members.keys.sorted() where !known.contains(key) {
      throw .unknownKey(file: file, key: keyPath(key), nearest: Spelling.nearest(to: key, among: known))
    }
  }

  package func require<T>(_ value: T?, _ key: String, _ expected: String) throws(InputError) -> T {
    guard let value else { throw .missingKey(file: file, key: keyPath(key), expected: expected) }
    return value
  }

  package func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> InputError {
    .wrongValue(file: file, key: keyPath(key), found: value.summary, expected: expected)
  }
}

extension JSONValue {
  /// The number, if it is one.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The whole number, if it is one that 63 bits hold exactly.
  var wholeNumber: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }
}
