import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A file that a command is asked to write: made anew, or put in the place of an older one of its own kind and no other.
struct OutputFile: Sendable {
  let path: String

  /// - Parameters:
  ///   - inputs: files that the command has read, beside those that its arguments name.
  ///   - what: what the command writes, e.g. "a calibration".
  ///   - isReplaceable: whether an older file's content is such; asked of files that hold something.
  /// - Throws: `InputError` where something would be lost.
  init(
    _ path: String, apartFrom inputs: [String], replacing what: String, _ isReplaceable: (String) -> Bool
  ) throws(InputError) {
    self.path = path
    // What is no file (`/dev/stdout`, a pipe) loses nothing.
    guard let identity = FileIdentity(path) else { return }
    for input in inputs where FileIdentity(input) == identity {
      throw .usage("--output \(path) is \(input), which is read, too; name another file")
    }
    let status = FileStatus(path)
    if let status, !status.isWritable {
      throw .unreadable(file: path, reason: "it is write-protected and stays; name another file")
    }
    guard status?.size == 0 || isReplaceable(path) else {
      throw .unreadable(file: path, reason: "it is not \(what) and is not overwritten; name another file")
    }
  }

  func write(_ text: String) throws(InputError) { try FileWriter.write(text, to: path) }
}
