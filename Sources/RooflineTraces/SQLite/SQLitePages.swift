/// The pages of an SQLite file (file format 3), read only: what exports of Nsight Systems need, and no more.
///
/// Every number is checked against the file's size; what points out of it, or in a circle, is damaged.
struct SQLitePages {
  static let magic = Array("SQLite format 3\0".utf8)
  static let damaged = TraceFlaw("its SQLite pages are damaged; export it again")

  private let bytes: UnsafeRawBufferPointer
  let pageSize: Int
  /// Of a page, without what is reserved at its end.
  let usable: Int

  /// - Parameter bytes: the whole file; they must outlive the value.
  init(_ bytes: UnsafeRawBufferPointer) throws(TraceFlaw) {
    guard bytes.count >= 512, bytes.starts(with: Self.magic) else {
      throw bytes.starts(with: Self.magic) ? Self.damaged : TraceFlaw("not an SQLite file")
    }
    let size = Int(bytes[16]) << 8 | Int(bytes[17])
    pageSize = size == 1 ? 65536 : size
    usable = pageSize - Int(bytes[20])
    self.bytes = bytes
    guard pageSize >= 512, pageSize & (pageSize - 1) == 0, usable >= 480 else { throw Self.damaged }
    guard bytes[56..<60].elementsEqual([0, 0, 0, 1]) || bytes[56..<60].elementsEqual([0, 0, 0, 0]) else {
      throw TraceFlaw("its SQLite text is UTF-16, which no export of Nsight Systems has")
    }
    guard bytes.count >= pageSize else { throw Self.damaged }
  }

  /// Whole pages; the last of a file that was cut is none.
  var count: Int { bytes.count / pageSize }

  /// A page, by its number from 1.
  func page(_ number: Int) throws(TraceFlaw) -> UnsafeRawBufferPointer {
    guard number >= 1, number <= count else {
      throw number > count ? TraceFlaw("it ends before its last page; copy or export it again") : Self.damaged
    }
    return UnsafeRawBufferPointer(rebasing: bytes[(number - 1) * pageSize..<number * pageSize])
  }

  /// Hands over every row of the table whose tree begins at a page.
  func forEachRow(
    root: Int, _ body: (borrowing SQLiteRow) throws(TraceFlaw) -> Void
  ) throws(TraceFlaw) {
    var waiting = [root]
    var visited = 0
    while let number = waiting.popLast() {
      visited += 1
      // No tree has more pages than the file.
      guard visited <= count else { throw Self.damaged }
      let page = try page(number)
      let head = number == 1 ? 100 : 0
      let (kind, cells) = (page[head], page.big16(head + 3))
      guard kind == 0x0D || kind == 0x05 else { throw Self.damaged }
      let list = head + (kind == 0x05 ? 12 : 8)
      guard list + 2 * cells <= pageSize else { throw Self.damaged }
      if kind == 0x05 {
        var children = [Int]()
        for cell in 0..<cells {
          let place = page.big16(list + 2 * cell)
          guard place + 4 <= pageSize else { throw Self.damaged }
          children.append(page.big32(place))
        }
        children.append(page.big32(head + 8))
        waiting += children.reversed()
        guard waiting.count <= count else { throw Self.damaged }
        continue
      }
      for cell in 0..<cells { try body(row(page, at: page.big16(list + 2 * cell))) }
    }
  }

  private func row(_ page: UnsafeRawBufferPointer, at place: Int) throws(TraceFlaw) -> SQLiteRow {
    guard let (length, afterLength) = page.varint(place), let (id, start) = page.varint(afterLength),
      length >= 0, length <= Int64(bytes.count)
    else { throw Self.damaged }
    let size = Int(length)
    let local: Int
    if size <= usable - 35 {
      local = size
    } else {
      let least = (usable - 12) * 32 / 255 - 23
      let most = least + (size - least) % (usable - 4)
      local = most <= usable - 35 ? most : least
    }
    guard start + local + (local < size ? 4 : 0) <= usable else { throw Self.damaged }
    let head = UnsafeRawBufferPointer(rebasing: page[start..<start + local])
    guard local < size else { return SQLiteRow(id: id, local: head, whole: nil) }
    return SQLiteRow(id: id, local: head, whole: try overflow(head, size, from: page.big32(start + local)))
  }

  /// Longer rows hold what nobody here reads.
  private static let longestRow = 1 << 20

  private func overflow(_ head: UnsafeRawBufferPointer, _ size: Int, from first: Int) throws(TraceFlaw) -> [UInt8] {
    let wanted = min(size, Self.longestRow)
    var whole = Array(head.prefix(wanted))
    var next = first
    while whole.count < wanted {
      let page = try page(next)
      whole += page[4..<usable].prefix(wanted - whole.count)
      next = page.big32(0)
    }
    return whole
  }
}

extension UnsafeRawBufferPointer {
  /// Of places inside a page: callers have checked them.
  func big16(_ place: Int) -> Int { Int(self[place]) << 8 | Int(self[place + 1]) }

  func big32(_ place: Int) -> Int { big16(place) << 16 | big16(place + 2) }

  /// An integer of one to nine bytes, and where it ends; nil beyond the end.
  func varint(_ place: Int) -> (value: Int64, end: Int)? {
    var value: UInt64 = 0
    for index in 0..<9 {
      guard place >= 0, place + index < count else { return nil }
      let byte = self[place + index]
      if index == 8 { return (Int64(bitPattern: value << 8 | UInt64(byte)), place + 9) }
      value = value << 7 | UInt64(byte & 0x7F)
      if byte < 0x80 { return (Int64(bitPattern: value), place + index + 1) }
    }
    return nil
  }
}
