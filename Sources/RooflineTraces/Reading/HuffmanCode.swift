/// A code of DEFLATE (RFC 1951): what the next bits stand for, and how many of them.
struct HuffmanCode {
  /// By the next `width` bits, first bit lowest: symbol in the high bits, length in the low four; 0 where no code begins so.
  private let entries: [UInt16]
  let width: Int

  /// - Parameter lengths: bits of each symbol's code, 0 to 15; 0 of symbols that do not occur.
  /// - Returns: nil where more codes are asked for than there are, or some are missing (a code of one symbol may be incomplete).
  init?(lengths: some Collection<UInt8>) {
    var counts = [Int](repeating: 0, count: 16)
    for length in lengths { counts[Int(length)] += 1 }
    counts[0] = 0
    let widest = counts.lastIndex { $0 > 0 } ?? 0
    var left = 1
    for length in 1...15 {
      left = left << 1 - counts[length]
      guard left >= 0 else { return nil }
    }
    guard left == 0 || counts.reduce(0, +) <= 1 else { return nil }
    var next = [Int](repeating: 0, count: 16)
    for length in 1..<15 { next[length + 1] = (next[length] + counts[length]) << 1 }
    var entries = [UInt16](repeating: 0, count: 1 << widest)
    for (symbol, length) in lengths.enumerated() where length > 0 {
      let code = next[Int(length)]
      next[Int(length)] += 1
      // Codes are packed first bit lowest.
      var place = 0
      for bit in 0..<Int(length) where code >> bit & 1 == 1 { place |= 1 << (Int(length) - 1 - bit) }
      while place < entries.count {
        entries[place] = UInt16(symbol) << 4 | UInt16(length)
        place += 1 << Int(length)
      }
    }
    self.entries = entries
    width = widest
  }

  /// The entry of the next bits; 0 where they begin no code.
  @inline(__always)
  func entry(_ bits: UInt64) -> UInt16 {
    entries.withUnsafeBufferPointer { $0[Int(truncatingIfNeeded: bits) & ($0.count - 1)] }
  }
}
