/// Text that came in from outside, as it may be shown: no terminal obeys it, and no line grows without end by it.
extension String {
  /// Scalars that steer a terminal, or the direction or the lines of a text, instead of being seen: C0, DEL and C1, line and
  /// paragraph separators, and the embeddings, overrides and isolates of bidirectional text.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// Bytes that every control scalar begins with: text without them need not be looked at twice.
  private static func mayBeginControl(_ byte: UInt8) -> Bool {
    (byte < 0x20 && byte != 0x0A) || byte == 0x7F || byte == 0xC2 || byte == 0xE2
  }

  private func replacingControls(keepsLines: Bool, with replacement: (Unicode.Scalar) -> String) -> String {
    var text = self
    // Asked of bytes next to each other: most texts have no control, and long ones are whole documents.
    return text.withUTF8 { bytes in
      func mayBegin(_ byte: UInt8) -> Bool { String.mayBeginControl(byte) || (!keepsLines && byte == 0x0A) }
      guard var next = bytes.firstIndex(where: mayBegin) else { return nil }
      var clean: [UInt8] = []
      clean.reserveCapacity(bytes.count)
      var start = 0
      while next < bytes.count {
        // What begins a control is a byte of ASCII, or the first of a scalar of two or three.
        let length = bytes[next] == 0xE2 ? 3 : bytes[next] == 0xC2 ? 2 : 1
        let scalar = String(decoding: bytes[next..<Swift.min(next + length, bytes.count)], as: UTF8.self).unicodeScalars
          .first
        if let scalar, String.isControl(scalar), !(keepsLines && scalar == "\n") {
          clean.append(contentsOf: bytes[start..<next])
          clean.append(contentsOf: replacement(scalar).utf8)
          start = next + length
        }
        next = bytes[(next + length)...].firstIndex(where: mayBegin) ?? bytes.count
      }
      clean.append(contentsOf: bytes[start...])
      return String(decoding: clean, as: UTF8.self)
    } ?? self
  }

  /// Text of one line or several without controls; each is a question mark instead.
  package var printable: String { replacingControls(keepsLines: true) { _ in "?" } }

  /// The same on one line: a cell, a name.
  package var printableLine: String { replacingControls(keepsLines: false) { _ in "?" } }

  /// A JSON document with the controls escaped that JSON allows in strings as they are.
  package var printableJSON: String {
    replacingControls(keepsLines: true) { scalar in
      let digits = String(scalar.value, radix: 16)
      return "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)"
    }
  }
}

extension StringProtocol {
  /// At most 80 scalars of a name, key, path or value that came in: its beginning and its end. Of a path, the whole name of the
  /// file where it is short enough: whoever reads it looks for the file.
  ///
  /// Scalars, not characters: a character with its combining marks has no greatest length.
  package var quoted: String {
    let limit = 80
    guard unicodeScalars.count > limit else { return String(self) }
    let name = unicodeScalars.reversed().prefix(limit).firstIndex(of: "/").map {
      unicodeScalars.distance(from: $0.base, to: unicodeScalars.endIndex) + 1
    }
    let tail = Swift.max(limit / 2, Swift.min(name ?? 0, limit - 1))
    var short = String.UnicodeScalarView(unicodeScalars.prefix(limit - 1 - tail))
    short.append("…")
    short.append(contentsOf: unicodeScalars.suffix(tail))
    return String(short)
  }
}
