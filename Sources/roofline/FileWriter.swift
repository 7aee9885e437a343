import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes files whole or not at all.
enum FileWriter {
  /// To a temporary file beside it, then renamed: whoever reads the path finds the old text or the new one.
  static func write(_ text: String, to path: String) throws(InputError) {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .unreadable(file: path, reason: "it cannot be written; check the folder and its rights")
    }
  }
}
