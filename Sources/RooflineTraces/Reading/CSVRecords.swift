/// Records of CSV (RFC 4180), one by one; fields may be in quotes, which stand doubled inside them.
struct CSVRecords {
  private let source: any ByteSource
  private var bytes = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  private var place = 0
  /// What stands between fields: found in the first record that has one.
  var separator = UInt8(ascii: ",")

  /// More than any report has.
  private static let mostFields = 50_000
  private static let longestField = 1 << 16

  init(_ source: any ByteSource) { self.source = source }

  private mutating func byte() throws(TraceFlaw) -> UInt8? {
    if place == bytes.count {
      bytes = try source.next()
      place = 0
    }
    guard place < bytes.count else { return nil }
    defer { place += 1 }
    return bytes[place]
  }

  private mutating func peek() throws(TraceFlaw) -> UInt8? {
    guard let byte = try byte() else { return nil }
    place -= 1
    return byte
  }

  /// The next record; nil at the end.
  mutating func next() throws(TraceFlaw) -> [String]? {
    guard try peek() != nil else { return nil }
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    func full() -> TraceFlaw { TraceFlaw("not a list of kernels: a line has more than \(Self.mostFields) fields") }
    while let byte = try byte() {
      if isQuoted {
        if byte != UInt8(ascii: "\"") {
          if field.count < Self.longestField { field.append(byte) }
        } else if try peek() == UInt8(ascii: "\"") {
          _ = try self.byte()
          field.append(byte)
        } else {
          isQuoted = false
        }
      } else if byte == UInt8(ascii: "\""), field.isEmpty {
        isQuoted = true
      } else if byte == separator {
        fields.append(String(decoding: field, as: UTF8.self))
        field.removeAll(keepingCapacity: true)
        guard fields.count < Self.mostFields else { throw full() }
      } else if byte == 0x0A {
        break
      } else if byte != 0x0D, field.count < Self.longestField {
        field.append(byte)
      }
    }
    guard !isQuoted else { throw TraceFlaw("it ends inside a quoted field; record it again, or finish the copy") }
    fields.append(String(decoding: field, as: UTF8.self))
    return fields
  }
}
