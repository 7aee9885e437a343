#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Catalog {
  /// Other names of models, those of their repositories among them; empty without `Models/Aliases/models.json`.
  ///
  /// An alias with a slash is known by what stands behind it, too: `meta-llama/Llama-3.1-8B` by `Llama-3.1-8B`.
  ///
  /// - Throws: `InputError` where the file is not an object whose keys are models and whose values are lists of names.
  package func modelAliases() throws(InputError) -> [(alias: String, name: String)] {
    let file = root.isEmpty ? "Models/Aliases/models.json" : "\(root)/Models/Aliases/models.json"
    guard FileManager.default.fileExists(atPath: file) else { return [] }
    let object = try JSONObject(JSONValue.read(file: file), file: file)
    var aliases: [(alias: String, name: String)] = []
    for name in object.members.keys.sorted() {
      for alias in try object.strings(name) ?? [] {
        aliases.append((alias, name))
        if let slash = alias.lastIndex(of: "/") { aliases.append((String(alias[alias.index(after: slash)...]), name)) }
      }
    }
    return aliases
  }
}
