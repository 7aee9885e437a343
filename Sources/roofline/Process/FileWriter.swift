import RooflineCore

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

/// Writes files whole or not at all.
enum FileWriter {
  /// To a temporary file beside it, then renamed: whoever reads the path finds the old text or the new one.
  ///
  /// A link is followed, and what is no file (`/dev/stdout`, a pipe) is written to, not replaced.
  static func write(_ text: String, to path: String) throws(InputError) {
    let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    do {
      guard (FileStatus(url.path)?.kind ?? .regular) == .regular else {
        try Data(text.utf8).write(to: url)
        return
      }
      try replace(url, by: Data(text.utf8))
    } catch {
      throw .unreadable(file: path, reason: FileFault.writing(error))
    }
  }

  /// The new text under a name of its own, with the rights of the file that it replaces, then under the name.
  private static func replace(_ url: URL, by data: Data) throws {
    let rights = (try? FileManager.default.attributesOfItem(atPath: url.path))?[.posixPermissions]
    guard let rights else { return try data.write(to: url, options: .atomic) }
    let draft = url.deletingLastPathComponent().appendingPathComponent(".roofline-\(UInt64.random(in: 0...UInt64.max))")
    do {
      try data.write(to: draft, options: .atomic)
      try FileManager.default.setAttributes([.posixPermissions: rights], ofItemAtPath: draft.path)
      guard rename(draft.path, url.path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    } catch {
      try? FileManager.default.removeItem(at: draft)
      throw error
    }
  }
}
