/// A gzip file's bytes, unpacked (RFC 1951 and 1952): no library is needed, and no more than a window stands in memory.
///
/// Decoding stops between two symbols whenever a piece is full, and goes on from there.
package final class GzipSource: ByteSource {
  private static let window = 1 << 15
  private static let piece = 1 << 18
  /// The longest match.
  private static let longest = 258

  private enum State {
    case member, block
    case stored(Int)
    case codes(literals: HuffmanCode, distances: HuffmanCode)
    case trailer, end
  }

  private var bits: BitSource
  private var state = State.member
  private var isLastBlock = false
  private var isFirstMember = true
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  /// Where the next byte goes; what is before it is the window and the piece at hand.
  private var end = 0
  private var checksum = Checksum()
  private var length: UInt32 = 0

  package init(_ packed: any ByteSource) {
    bits = BitSource(packed)
    buffer = .allocate(capacity: Self.window + Self.piece + Self.longest)
    buffer.initialize(repeating: 0)
  }

  deinit { buffer.deallocate() }

  package func next() throws(TraceFlaw) -> UnsafeBufferPointer<UInt8> {
    guard let base = buffer.baseAddress else { return UnsafeBufferPointer(start: nil, count: 0) }
    let kept = min(end, Self.window)
    if kept < end { base.update(from: base + (end - kept), count: kept) }
    let start = kept
    end = kept
    while end < Self.window + Self.piece {
      if case .end = state { break }
      let before = end
      try step()
      if end > before {
        checksum.add(UnsafeBufferPointer(start: base + before, count: end - before))
        length &+= UInt32(end - before)
      }
    }
    return UnsafeBufferPointer(start: base + start, count: end - start)
  }

  private func step() throws(TraceFlaw) {
    switch state {
    case .member: try readHeader()
    case .block: try readBlock()
    case .stored(let count): try copyStored(count)
    case .codes(let literals, let distances): try decode(literals, distances)
    case .trailer: try readTrailer()
    case .end: break
    }
  }

  // MARK: members

  private func readHeader() throws(TraceFlaw) {
    guard try bits.hasMore() else {
      state = .end
      return
    }
    let isFirst = isFirstMember
    isFirstMember = false
    guard try bits.take(8) == 0x1F, try bits.take(8) == 0x8B, try bits.take(8) == 8 else {
      // Blanks behind the last member are padding.
      guard isFirst else {
        state = .end
        return
      }
      throw TraceFlaw.damagedArchive
    }
    let flags = try bits.take(8)
    _ = try bits.take(24)
    _ = try bits.take(24)
    if flags & 4 != 0 { for _ in 0..<(try bits.take(16)) { _ = try bits.take(8) } }
    for flag: UInt64 in [8, 16] where flags & flag != 0 { while try bits.take(8) != 0 {} }
    if flags & 2 != 0 { _ = try bits.take(16) }
    (checksum, length, state) = (Checksum(), 0, .block)
  }

  private func readTrailer() throws(TraceFlaw) {
    bits.skipToByte()
    let (sum, size) = (UInt32(try bits.take(32)), UInt32(try bits.take(32)))
    guard sum == checksum.value, size == length else { throw TraceFlaw.damagedArchive }
    state = .member
  }

  // MARK: blocks

  private func readBlock() throws(TraceFlaw) {
    guard !isLastBlock else {
      isLastBlock = false
      state = .trailer
      return
    }
    isLastBlock = try bits.take(1) == 1
    switch try bits.take(2) {
    case 0:
      bits.skipToByte()
      let (count, complement) = (try bits.take(16), try bits.take(16))
      guard count ^ complement == 0xFFFF else { throw TraceFlaw.damagedArchive }
      state = .stored(Int(count))
    case 1:
      let lengths = (0..<288).map { UInt8($0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8) }
      try use(lengths[...], [UInt8](repeating: 5, count: 32)[...])
    case 2: try readCodes()
    default: throw TraceFlaw.damagedArchive
    }
  }

  private func use(_ literals: ArraySlice<UInt8>, _ distances: ArraySlice<UInt8>) throws(TraceFlaw) {
    guard let literals = HuffmanCode(lengths: literals), let distances = HuffmanCode(lengths: distances) else {
      throw TraceFlaw.damagedArchive
    }
    state = .codes(literals: literals, distances: distances)
  }

  /// The codes of a block, which are themselves coded.
  private func readCodes() throws(TraceFlaw) {
    let (literals, distances) = (Int(try bits.take(5)) + 257, Int(try bits.take(5)) + 1)
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var own = [UInt8](repeating: 0, count: 19)
    let count = Int(try bits.take(4)) + 4
    for place in order.prefix(count) { own[place] = UInt8(try bits.take(3)) }
    guard let code = HuffmanCode(lengths: own) else { throw TraceFlaw.damagedArchive }
    var lengths: [UInt8] = []
    while lengths.count < literals + distances {
      switch try bits.symbol(code) {
      case let length where length < 16: lengths.append(UInt8(length))
      case 16:
        guard let last = lengths.last else { throw TraceFlaw.damagedArchive }
        lengths += [UInt8](repeating: last, count: 3 + Int(try bits.take(2)))
      case 17: lengths += [UInt8](repeating: 0, count: 3 + Int(try bits.take(3)))
      default: lengths += [UInt8](repeating: 0, count: 11 + Int(try bits.take(7)))
      }
    }
    // Without an end no block ends.
    guard lengths.count == literals + distances, lengths[256] > 0 else { throw TraceFlaw.damagedArchive }
    try use(lengths[..<literals], lengths[literals...])
  }

  private func copyStored(_ count: Int) throws(TraceFlaw) {
    let now = min(count, Self.window + Self.piece - end)
    for _ in 0..<now {
      buffer[end] = UInt8(truncatingIfNeeded: try bits.take(8))
      end += 1
    }
    state = now == count ? .block : .stored(count - now)
  }

  private static let lengths: [(base: Int, extra: Int)] = {
    var table: [(Int, Int)] = (3...10).map { ($0, 0) }
    var base = 11
    for extra in 1...5 {
      for _ in 0..<4 {
        table.append((base, extra))
        base += 1 << extra
      }
    }
    return table + [(258, 0)]
  }()

  private static let distances: [(base: Int, extra: Int)] = {
    var table: [(Int, Int)] = (1...4).map { ($0, 0) }
    var base = 5
    for extra in 1...13 {
      for _ in 0..<2 {
        table.append((base, extra))
        base += 1 << extra
      }
    }
    return table
  }()

  private func decode(_ literals: HuffmanCode, _ distances: HuffmanCode) throws(TraceFlaw) {
    while end < Self.window + Self.piece {
      let symbol = try bits.symbol(literals)
      if symbol < 256 {
        buffer[end] = UInt8(symbol)
        end += 1
        continue
      }
      guard symbol > 256 else {
        state = .block
        return
      }
      guard symbol - 257 < Self.lengths.count else { throw TraceFlaw.damagedArchive }
      let run = Self.lengths[symbol - 257]
      let count = run.base + Int(try bits.take(run.extra))
      let code = try bits.symbol(distances)
      guard code < Self.distances.count else { throw TraceFlaw.damagedArchive }
      let reach = Self.distances[code]
      let distance = reach.base + Int(try bits.take(reach.extra))
      guard distance <= end, distance <= Self.window else { throw TraceFlaw.damagedArchive }
      for _ in 0..<count {
        buffer[end] = buffer[end - distance]
        end += 1
      }
    }
  }
}

/// The bits of packed bytes, first bit lowest.
private struct BitSource {
  private let packed: any ByteSource
  private var bytes = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  private var place = 0
  private var bits: UInt64 = 0
  private var count = 0

  init(_ packed: any ByteSource) { self.packed = packed }

  /// Takes up to 32 bits.
  @inline(__always)
  mutating func take(_ wanted: Int) throws(TraceFlaw) -> UInt64 {
    if count < wanted {
      try fill()
      guard count >= wanted else { throw TraceFlaw.truncatedArchive }
    }
    let taken = bits & (1 << UInt64(wanted) - 1)
    bits >>= UInt64(wanted)
    count -= wanted
    return taken
  }

  @inline(__always)
  mutating func symbol(_ code: HuffmanCode) throws(TraceFlaw) -> Int {
    if count < 15 { try fill() }
    let entry = code.entry(bits)
    let length = Int(entry & 15)
    guard length > 0 else { throw count == 0 ? TraceFlaw.truncatedArchive : TraceFlaw.damagedArchive }
    guard length <= count else { throw TraceFlaw.truncatedArchive }
    bits >>= UInt64(length)
    count -= length
    return Int(entry >> 4)
  }

  mutating func skipToByte() {
    bits >>= UInt64(count & 7)
    count &= ~7
  }

  mutating func hasMore() throws(TraceFlaw) -> Bool {
    if count < 8 { try fill() }
    return count >= 8
  }

  /// At least 56 bits, as long as there are any.
  private mutating func fill() throws(TraceFlaw) {
    while count <= 56 {
      if place == bytes.count {
        bytes = try packed.next()
        place = 0
        guard !bytes.isEmpty else { return }
      }
      bits |= UInt64(bytes[place]) << UInt64(count)
      place += 1
      count += 8
    }
  }
}
