import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes files whole or not at all.
enum FileWriter {
  /// To a temporary file beside it, then renamed: whoever reads the path finds the old text or the new one.
  ///
  /// A link is followed, and what is no file (`/dev/stdout`, a pipe) is written to, not replaced.
  static func write(_ text: String, to path: String) throws(InputError) {
    let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let type = (try? FileManager.default.attributesOfItem(atPath: url.path))?[.type] as? FileAttributeType
    do {
      try Data(text.utf8).write(to: url, options: type == nil || type == .typeRegular ? .atomic : [])
    } catch {
      throw .unreadable(file: path, reason: "it cannot be written; check the folder and its rights")
    }
  }
}
