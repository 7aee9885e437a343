import Foundation

/// What the repository holds, build products aside.
package enum RepositoryFiles {
  private static let folders = [".ci", "Hardware", "Models", "Sources", "Tests"]

  /// Files and folders below the package's folder, from there.
  package static let paths: [String] = {
    let root = URL(fileURLWithPath: Fixtures.packageRoot)
    let top = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    return top
      + folders.flatMap { folder in
        let below = try? FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent(folder).path)
        return (below ?? []).map { "\(folder)/\($0)" }
      }
  }()

  private static let endings: Set<String> = {
    var endings: Set<String> = []
    for path in paths {
      let parts = path.split(separator: "/")
      for start in parts.indices { endings.insert(parts[start...].joined(separator: "/")) }
    }
    return endings
  }()

  /// Whether a file or folder goes by this name, or by this end of its path.
  package static func contains(_ name: String) -> Bool { endings.contains(name) }
}
