#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A file's text that should be JSON, known to be UTF-8.
package struct JSONText: Sendable {
  private let data: Data
  private let file: String

  /// - Throws: `InputError.notJSON` for what is empty, another encoding, or no text at all.
  package init(_ data: Data, file: String) throws(InputError) {
    self.data = data
    self.file = file
    guard data.contains(where: { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }) else {
      throw .notJSON(file: file, detail: "it is empty")
    }
    let marks: [(bytes: [UInt8], encoding: String)] = [([0xFF, 0xFE], "UTF-16"), ([0xFE, 0xFF], "UTF-16")]
    if let mark = marks.first(where: { data.starts(with: $0.bytes) }) {
      throw .notJSON(file: file, detail: "it is \(mark.encoding); save it as UTF-8")
    }
    if let offset = data.withUnsafeBytes(JSONText.firstForeignByte) {
      throw .notJSON(file: file, detail: "it is not text: \(place(of: offset)) holds a byte that UTF-8 text does not")
    }
  }

  /// The value that the whole text is.
  package func value() throws(InputError) -> JSONValue {
    try read { reader throws(JSONReader.Flaw) in try reader.document() }
  }

  /// The object that the whole text is, with the list under one key left where it is, to be read element by element: a list of
  /// hundreds of thousands need not stand in memory.
  ///
  /// - Returns: the object without that key, and the list; nil where the key is absent or holds no list (it is then a member).
  package func object(deferring key: String) throws(InputError) -> (root: JSONObject, list: JSONList?) {
    var place: (offset: Int, count: Int)?
    let value = try read { reader throws(JSONReader.Flaw) in
      var members: [String: JSONValue] = [:]
      var isObject = false
      if try reader.isAtObject() {
        isObject = true
        try reader.object { reader, name throws(JSONReader.Flaw) in
          guard members[name] == nil, place == nil || name != key else { throw .repeated(path: name) }
          if name == key, try reader.isAtList() {
            let start = reader.offset
            var count = 0
            try reader.array { reader, index throws(JSONReader.Flaw) in
              _ = try reader.value(inside: "\(key)[\(index)]")
              count += 1
            }
            place = (start, count)
          } else {
            members[name] = try reader.value(inside: name)
          }
        }
        try reader.requireEnd()
      }
      return isObject ? JSONValue.object(members) : try reader.document()
    }
    return (try JSONObject(value, file: file), place.map { JSONList(text: self, offset: $0.offset, count: $0.count) })
  }

  /// The value that begins there, which has been read before.
  fileprivate func value(at offset: Int) throws(InputError) -> JSONValue {
    try read { reader throws(JSONReader.Flaw) in
      reader = reader.moved(to: offset)
      return try reader.value()
    }
  }

  /// Hands over each element of the list that begins there, which has been read before.
  fileprivate func readElements(
    from offset: Int, _ body: (JSONList.Element) throws(InputError) -> Void
  ) throws(InputError) {
    var stopped: InputError?
    try read { reader throws(JSONReader.Flaw) in
      reader = reader.moved(to: offset)
      try reader.array { reader, index throws(JSONReader.Flaw) in
        let offset = reader.offset
        let element = JSONList.Element(index: index, value: try reader.value(), offset: offset)
        do throws(InputError) { try body(element) } catch {
          stopped = error
          throw reader.flaw("")
        }
      }
    } unless: {
      stopped
    }
  }

  /// - Parameter cause: what ended the reading where that was no flaw of the text.
  private func read<T>(
    _ body: (inout JSONReader) throws(JSONReader.Flaw) -> T, unless cause: () -> InputError? = { nil }
  ) throws(InputError) -> T {
    let result: Result<T, JSONReader.Flaw> = data.withUnsafeBytes { bytes in
      var reader = JSONReader(bytes)
      do throws(JSONReader.Flaw) { return .success(try body(&reader)) } catch { return .failure(error) }
    }
    switch result {
    case .success(let value): return value
    case .failure(let flaw):
      if let cause = cause() { throw cause }
      throw sentence(flaw)
    }
  }

  private func sentence(_ flaw: JSONReader.Flaw) -> InputError {
    switch flaw {
    case .repeated(let path):
      .wrongValue(file: file, key: path, found: "there more than once", expected: "each key once")
    case .syntax(let offset, let problem):
      .notJSON(file: file, detail: offset < data.count ? "\(place(of: offset)): \(problem)" : problem)
    }
  }

  /// Line and column, counted from 1, as editors do.
  private func place(of offset: Int) -> String {
    let before = data.prefix(offset)
    let line = before.count { $0 == 0x0A } + 1
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? before.startIndex
    // Bytes that go on with a character are no columns of their own.
    let column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
    return "line \(line), column \(column)"
  }

  /// Where a text stops being UTF-8 (Unicode 16, table 3-7), or holds a zero byte.
  private static func firstForeignByte(in bytes: UnsafeRawBufferPointer) -> Int? {
    var offset = 0
    while offset < bytes.count {
      let lead = bytes[offset]
      if lead < 0x80 {
        guard lead != 0 else { return offset }
        offset += 1
        continue
      }
      let (following, second): (Int, ClosedRange<UInt8>)
      switch lead {
      case 0xC2...0xDF: (following, second) = (1, 0x80...0xBF)
      case 0xE0: (following, second) = (2, 0xA0...0xBF)
      case 0xED: (following, second) = (2, 0x80...0x9F)
      case 0xE1...0xEF: (following, second) = (2, 0x80...0xBF)
      case 0xF0: (following, second) = (3, 0x90...0xBF)
      case 0xF1...0xF3: (following, second) = (3, 0x80...0xBF)
      case 0xF4: (following, second) = (3, 0x80...0x8F)
      default: return offset
      }
      guard offset + following < bytes.count, second.contains(bytes[offset + 1]) else { return offset }
      for index in 2..<max(2, following + 1) where bytes[offset + index] & 0xC0 != 0x80 { return offset }
      offset += following + 1
    }
    return nil
  }
}

/// A list inside a JSON text, read element by element.
package struct JSONList: Sendable {
  fileprivate let text: JSONText
  fileprivate let offset: Int
  package let count: Int

  package struct Element {
    package let index: Int
    package let value: JSONValue
    /// Where it begins in the text.
    fileprivate let offset: Int
  }

  /// Where an element stands, to be read again.
  package struct Place: Hashable, Sendable {
    fileprivate let offset: Int
  }

  /// Hands over the elements in their order.
  package func readElements(_ body: (Element) throws(InputError) -> Void) throws(InputError) {
    try text.readElements(from: offset, body)
  }

  package func place(of element: Element) -> Place { Place(offset: element.offset) }

  /// Reads an element again.
  package func value(at place: Place) throws(InputError) -> JSONValue { try text.value(at: place.offset) }
}
