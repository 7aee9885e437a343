import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Catalog {
  private var engineFolder: String { root.isEmpty ? "Hardware/Engines" : "\(root)/Hardware/Engines" }

  /// The engines of the catalog, sorted. Empty without a folder of them.
  package var engineNames: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: engineFolder)) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }.sorted()
  }

  /// Reads an engine by catalog name or by file.
  ///
  /// - Throws: `InputError` for a name that no file has, and for a file that is not an engine's.
  package func engine(_ nameOrPath: String) throws(InputError) -> Engine {
    if nameOrPath.contains("/") || nameOrPath.hasSuffix(".json") {
      let name = URL(fileURLWithPath: nameOrPath).deletingPathExtension().lastPathComponent
      return try Engine.decode(JSONValue.read(file: nameOrPath), name: name, file: nameOrPath)
    }
    try requireFound()
    let names = engineNames
    let wanted = Spelling.normalized(nameOrPath)
    guard let name = names.first(where: { Spelling.normalized($0) == wanted }) else {
      throw .unknownName(
        what: "engine", name: nameOrPath, nearest: Spelling.nearest(to: nameOrPath, among: names), available: names)
    }
    let file = "\(engineFolder)/\(name).json"
    return try Engine.decode(JSONValue.read(file: file), name: name, file: file)
  }

  /// Whether a name or path is an engine's: one of the catalog, or a file that says what a pass takes.
  package func holdsEngine(_ nameOrPath: String) -> Bool {
    let wanted = Spelling.normalized(nameOrPath)
    if engineNames.contains(where: { Spelling.normalized($0) == wanted }) { return true }
    guard let value = try? JSONValue.read(file: nameOrPath), let object = try? JSONObject(value, file: nameOrPath)
    else { return false }
    return ["engine", "scheduler", "pass"].contains { object[$0] != nil }
  }
}
