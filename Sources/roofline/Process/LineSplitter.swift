#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Makes lines of bytes that come in pieces.
struct LineSplitter {
  private var partial: [UInt8] = []
  /// Of a line that is far too long no more than this is kept: it is refused all the same.
  private static let kept = (1 << 20) + 1

  /// Bytes of the line that has not ended yet, as far as they are kept.
  var count: Int { partial.count }

  /// The lines that end in these bytes.
  mutating func add(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      keep(rest[..<end])
      lines.append(partial)
      partial = []
      rest = rest[(end + 1)...]
    }
    keep(rest)
    return lines
  }

  /// The last line, where nothing ends it.
  mutating func rest() -> [[UInt8]] {
    defer { partial = [] }
    return partial.isEmpty ? [] : [partial]
  }

  private mutating func keep(_ bytes: ArraySlice<UInt8>) {
    partial += bytes.prefix(max(0, Self.kept - partial.count))
  }
}

/// Lines kept in a temporary file that no one else sees: which part of them is a shard's is known when all are there.
struct LineSpool {
  #if canImport(Musl)
    private let file: OpaquePointer
  #else
    private let file: UnsafeMutablePointer<FILE>
  #endif
  private(set) var count: UInt64 = 0

  /// - Returns: nil where no temporary file can be written.
  init?(_ read: () -> [UInt8]) {
    guard let file = tmpfile() else { return nil }
    self.file = file
    var last: UInt8?
    while true {
      let bytes = read()
      guard let end = bytes.last else { break }
      last = end
      guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
        fclose(file)
        return nil
      }
      count += UInt64(bytes.count { $0 == UInt8(ascii: "\n") })
    }
    if let last, last != UInt8(ascii: "\n") { count += 1 }
    guard fflush(file) == 0 else {
      fclose(file)
      return nil
    }
  }

  /// Hands over the lines of a range, some at a time, and ends the file.
  ///
  /// - Returns: false where `body` does.
  func forEach(_ range: Range<UInt64>, _ body: ([[UInt8]]) -> Bool) -> Bool {
    defer { fclose(file) }
    rewind(file)
    var splitter = LineSplitter()
    var number: UInt64 = 0
    var bytes = [UInt8](repeating: 0, count: 1 << 18)
    while number < range.upperBound {
      let count = fread(&bytes, 1, bytes.count, file)
      let lines = count > 0 ? splitter.add(Array(bytes.prefix(count))) : splitter.rest()
      let low = min(UInt64(lines.count), range.lowerBound - min(range.lowerBound, number))
      let high = min(UInt64(lines.count), range.upperBound - number)
      if low < high, !body(Array(lines[Int(low)..<Int(high)])) { return false }
      number += UInt64(lines.count)
      if count == 0 { break }
    }
    return true
  }
}
