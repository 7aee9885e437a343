/// Lists of C strings, as C functions take them.
enum CStrings {
  /// Calls `body` with the strings, each ended by a zero; they are valid during the call alone.
  static func with<Result>(
    _ strings: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    var bytes: [CChar] = []
    var starts: [Int] = []
    for string in strings {
      starts.append(bytes.count)
      bytes += string.utf8.map { CChar(bitPattern: $0) } + [0]
    }
    return bytes.withUnsafeBufferPointer { all in
      starts.map { start in all.baseAddress.map { $0 + start } }.withUnsafeBufferPointer(body)
    }
  }

  /// What a C function wrote into a buffer of its caller.
  static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
