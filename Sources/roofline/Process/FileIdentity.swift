#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Which file a path leads to: two spellings, symbolic links and hard links of one file have the same.
struct FileIdentity: Hashable, Sendable {
  private let device, node: UInt64

  /// - Returns: nil where there is no file, or none that holds anything (a device, a pipe, a folder).
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    node = UInt64(truncatingIfNeeded: status.st_ino)
  }
}
