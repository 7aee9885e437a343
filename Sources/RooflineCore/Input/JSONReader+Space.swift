extension JSONReader {
  /// Blanks of any kind, line ends and comments.
  mutating func skipSpace() throws(Flaw) {
    while let byte = peek {
      switch byte {
      case 0x20, 0x09...0x0D: skipBytes(1)
      case UInt8(ascii: "/"): try skipComment()
      // No-break space, byte order mark, line and paragraph separator.
      case 0xC2 where at(offset + 1) == 0xA0: skipBytes(2)
      case 0xEF where at(offset + 1) == 0xBB && at(offset + 2) == 0xBF: skipBytes(3)
      case 0xE2 where at(offset + 1) == 0x80 && (at(offset + 2) == 0xA8 || at(offset + 2) == 0xA9): skipBytes(3)
      default: return
      }
    }
  }

  private mutating func skipComment() throws(Flaw) {
    switch at(offset + 1) {
    case UInt8(ascii: "/"): while let byte = peek, byte != UInt8(ascii: "\n") { skipBytes(1) }
    case UInt8(ascii: "*"):
      skipBytes(2)
      while peek != nil, !(peek == UInt8(ascii: "*") && at(offset + 1) == UInt8(ascii: "/")) { skipBytes(1) }
      guard peek != nil else { throw ended() }
      skipBytes(2)
    default: throw expected("a value")
    }
  }
}
