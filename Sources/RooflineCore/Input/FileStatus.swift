#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the system says of a path, links followed.
///
/// One call of the system: Foundation's attributes read the lists of users and groups, too, which takes longer than most files.
package struct FileStatus: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case regular, folder, pipe, socket, device
  }

  package let kind: Kind
  /// Bytes.
  package let size: UInt64
  /// Whether anybody may write it.
  package let isWritable: Bool

  /// - Returns: nil where nothing can be said; `errno` has why.
  package init?(_ path: String) {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return nil }
    switch facts.st_mode & S_IFMT {
    case S_IFDIR: kind = .folder
    case S_IFIFO: kind = .pipe
    case S_IFCHR, S_IFBLK: kind = .device
    case S_IFSOCK: kind = .socket
    case _: kind = .regular
    }
    size = UInt64(max(facts.st_size, 0))
    isWritable = facts.st_mode & 0o222 != 0
  }
}
