import RooflineCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file's bytes as they stand there.
package final class FileSource: ByteSource {
  private let descriptor: Int32
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  private let path: String

  /// - Throws: where the file cannot be read, or is none.
  package init(_ path: String) throws(TraceFlaw) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_NONBLOCK)
    buffer = .allocate(capacity: 1 << 18)
    var facts = stat()
    guard descriptor >= 0, fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      throw TraceFlaw(FileFault.reading(path))
    }
  }

  deinit {
    if descriptor >= 0 { _ = close(descriptor) }
    buffer.deallocate()
  }

  package func next() throws(TraceFlaw) -> UnsafeBufferPointer<UInt8> {
    let count = read(descriptor, buffer.baseAddress, buffer.count)
    guard count >= 0 else { throw TraceFlaw(FileFault.reading(path)) }
    return UnsafeBufferPointer(rebasing: buffer[..<count])
  }

  /// Goes back to the first byte.
  func rewind() { _ = lseek(descriptor, 0, SEEK_SET) }
}
