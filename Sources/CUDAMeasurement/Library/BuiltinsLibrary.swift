import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `libnvrtc-builtins`, which NVRTC opens by its bare name when it compiles.
///
/// In a Python package no loader finds it by that name, and compiling fails with NVRTC's error 7; once opened by path, it is
/// found.
enum BuiltinsLibrary {
  /// Opens those that lie in the folder of `libnvrtc.so.MAJOR` and have its major version.
  static func open(besides path: String) {
    guard let slash = path.lastIndex(of: "/") else { return }
    let folder = path[..<slash]
    let major = path.split(separator: ".").last.map(String.init) ?? ""
    let names = (try? FileManager.default.contentsOfDirectory(atPath: String(folder))) ?? []
    for name in names where name.hasPrefix("libnvrtc-builtins.so.\(major)") {
      // One that does not open is not missed here: compiling says what it lacks.
      _ = try? SharedLibrary("NVRTC's builtins", candidates: ["\(folder)/\(name)"])
    }
  }
}
