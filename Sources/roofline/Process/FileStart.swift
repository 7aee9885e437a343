#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How a file begins: what tells whether it is of a kind that a command writes.
enum FileStart {
  /// Its first kilobyte; empty where it cannot be read.
  static func text(of path: String) -> String {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else { return "" }
    return String(decoding: data.prefix(1024), as: UTF8.self)
  }
}
