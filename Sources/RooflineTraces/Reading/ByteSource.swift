/// Bytes of a file in pieces, so that a trace of gigabytes stands in memory nowhere.
package protocol ByteSource: AnyObject {
  /// The next bytes, valid until the next call; empty at the end.
  func next() throws(TraceFlaw) -> UnsafeBufferPointer<UInt8>
}

/// Why a trace cannot be read, in words that stand behind its name.
package struct TraceFlaw: Error, Hashable, Sendable {
  let problem: String

  init(_ problem: String) { self.problem = problem }

  static let truncatedArchive = TraceFlaw("its gzip data ends too early; copy or record it again")
  static let damagedArchive = TraceFlaw("its gzip data is damaged; copy or record it again")
}
