/// A row of an SQLite table: its values by their columns' numbers.
struct SQLiteRow {
  /// Its number, which stands for a column that is an `INTEGER PRIMARY KEY`.
  let id: Int64
  private let local: UnsafeRawBufferPointer
  /// Where the row is longer than its page has room for.
  private let whole: [UInt8]?

  init(id: Int64, local: UnsafeRawBufferPointer, whole: [UInt8]?) {
    self.id = id
    self.local = local
    self.whole = whole
  }

  /// The values of some columns, in the order that was asked for; nil where a row has none, or a null.
  ///
  /// - Parameters:
  ///   - columns: ascending.
  ///   - absent: what each of them is in a row that ends before it, as rows do that are older than a column; without any, nil.
  func values(_ columns: [Int], absent: [SQLiteValue?] = []) throws(TraceFlaw) -> [SQLiteValue?] {
    guard let whole else { return try Self.values(columns, local, absent) }
    let result: Result<[SQLiteValue?], TraceFlaw> = whole.withUnsafeBytes { bytes in
      do throws(TraceFlaw) { return .success(try Self.values(columns, bytes, absent)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private static func values(
    _ columns: [Int], _ bytes: UnsafeRawBufferPointer, _ absent: [SQLiteValue?]
  ) throws(TraceFlaw) -> [SQLiteValue?] {
    guard let (length, first) = bytes.varint(0), length >= 1, length <= Int64(bytes.count) else {
      throw SQLitePages.damaged
    }
    var (head, place, column, next) = (first, Int(length), 0, 0)
    var values: [SQLiteValue?] = []
    values.reserveCapacity(columns.count)
    while head < Int(length), next < columns.count {
      guard let (kind, end) = bytes.varint(head), kind >= 0, kind < 1 << 40 else { throw SQLitePages.damaged }
      head = end
      let size = Self.size(of: kind)
      while next < columns.count, columns[next] == column {
        values.append(place + size <= bytes.count ? Self.value(kind, bytes, place, size) : nil)
        next += 1
      }
      place += size
      column += 1
    }
    while values.count < columns.count { values.append(values.count < absent.count ? absent[values.count] : nil) }
    return values
  }

  private static func size(of kind: Int64) -> Int {
    switch kind {
    case 1...4: Int(kind)
    case 5: 6
    case 6, 7: 8
    case 12...: Int((kind - 12) / 2)
    default: 0
    }
  }

  private static func value(
    _ kind: Int64, _ bytes: UnsafeRawBufferPointer, _ place: Int, _ size: Int
  ) -> SQLiteValue? {
    switch kind {
    case 1...6:
      var value = Int64(Int8(bitPattern: bytes[place]))
      for index in 1..<max(size, 1) { value = value << 8 | Int64(bytes[place + index]) }
      return .integer(value)
    case 7:
      var bits: UInt64 = 0
      for index in 0..<8 { bits = bits << 8 | UInt64(bytes[place + index]) }
      return .real(Double(bitPattern: bits))
    case 8: return .integer(0)
    case 9: return .integer(1)
    case 13... where kind & 1 == 1: return .text(String(decoding: bytes[place..<place + size], as: UTF8.self))
    default: return nil
    }
  }
}

/// A value that is no null and no blob.
enum SQLiteValue: Hashable, Sendable {
  case integer(Int64)
  case real(Double)
  case text(String)

  var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
  var text: String? { if case .text(let value) = self { value } else { nil } }
}
