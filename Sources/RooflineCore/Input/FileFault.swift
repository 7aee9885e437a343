#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why the system does not give a file, or take one, in plain words: what stands behind "PATH: ".
package enum FileFault {
  /// Why a path could not be read; asked after it failed.
  package static func reading(_ path: String) -> String {
    guard let status = FileStatus(path) else {
      return errno == ENOENT ? "there is no such file" : "it cannot be read: \(words(errno))"
    }
    switch status.kind {
    case .folder: return "it is a folder"
    case .pipe: return "it is a pipe; write it to a file first"
    case .device: return "it is a device"
    case .socket: return "it is a socket"
    case .regular: return access(path, R_OK) == 0 ? "it cannot be read" : "it cannot be read: \(words(errno))"
    }
  }

  /// Why a path could not be written.
  ///
  /// - Parameter error: what Foundation threw.
  package static func writing(_ error: any Error) -> String {
    let posix = (error as? CocoaError)?.underlying as? POSIXError ?? error as? POSIXError
    return "it cannot be written: \(posix.map { words($0.code.rawValue) } ?? "check the folder and its rights")"
  }

  /// A code of the system; those that say what to do about it, and else the system's own words.
  private static func words(_ code: Int32) -> String {
    switch code {
    case ENOENT: "its folder does not exist"
    case ENOTDIR: "a part of its path is a file, not a folder"
    case EISDIR: "it is a folder"
    case EACCES, EPERM: "its rights, or its folder's, forbid it"
    case EROFS: "its disk is read-only"
    case ENOSPC, EDQUOT: "its disk is full"
    case ELOOP: "its links lead in a circle"
    case ENAMETOOLONG: "its name is too long"
    default: String(cString: strerror(code)).lowercased()
    }
  }
}
