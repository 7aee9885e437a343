/// CRC-32 as gzip has it (polynomial 0xEDB88320, four bytes a step).
struct Checksum {
  private(set) var value: UInt32 = 0

  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 4 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      tables[byte] = value
    }
    for step in 1..<4 {
      for byte in 0..<256 {
        let before = tables[(step - 1) * 256 + byte]
        tables[step * 256 + byte] = before >> 8 ^ tables[Int(before & 0xFF)]
      }
    }
    return tables
  }()

  mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
    var crc = ~value
    Checksum.tables.withUnsafeBufferPointer { tables in
      var place = 0
      while place + 4 <= bytes.count {
        crc ^=
          UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2]) << 16
          | UInt32(bytes[place + 3]) << 24
        crc =
          tables[768 + Int(crc & 0xFF)] ^ tables[512 + Int(crc >> 8 & 0xFF)] ^ tables[256 + Int(crc >> 16 & 0xFF)]
          ^ tables[Int(crc >> 24)]
        place += 4
      }
      while place < bytes.count {
        crc = crc >> 8 ^ tables[Int((crc ^ UInt32(bytes[place])) & 0xFF)]
        place += 1
      }
    }
    value = ~crc
  }
}
