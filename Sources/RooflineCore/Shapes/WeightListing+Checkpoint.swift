#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a checkpoint's own files list.
extension WeightListing {
  /// The listings of a file: of a safetensors file by its header, of an index of such files by its names and the files beside it, of text
  /// by its lines, those of each layout for themselves.
  package static func read(file: String) throws(InputError) -> [WeightListing] {
    if file.hasSuffix(".safetensors") {
      return [WeightListing(file: file, layout: .huggingFace, entries: try SafetensorsHeader(file: file).entries)]
    }
    if file.hasSuffix(".index.json") { return [try index(file)] }
    guard let text = String(data: try JSONValue.contents(of: file, kind: "listing"), encoding: .utf8) else {
      throw .unreadable(file: file, reason: "it is not text")
    }
    return try listings(text, file: file)
  }

  /// The names of an index, and the shapes out of the headers of those of its files that lie beside it.
  private static func index(_ file: String) throws(InputError) -> WeightListing {
    let root = try JSONObject(
      JSONValue.parse(JSONValue.contents(of: file, kind: "index", limit: 64), file: file), file: file)
    guard let map = try root.object("weight_map"), !map.members.isEmpty else {
      throw .wrongValue(
        file: file, key: "weight_map", found: root.members["weight_map"]?.summary ?? "nothing",
        expected: "an object of tensors and their files")
    }
    let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    var headers: [String: [WeightName: Entry]] = [:]
    var absent: Set<String> = []
    var entries: [Entry] = []
    for name in map.members.keys {
      let shard = try map.string(name) ?? ""
      guard !shard.isEmpty, !shard.contains("/"), shard.hasSuffix(".safetensors") else {
        throw .wrongValue(
          file: file, key: map.keyPath(name), found: map.members[name]?.summary ?? "nothing",
          expected: "the name of a safetensors file beside it")
      }
      let path = folder.isEmpty && !file.hasPrefix("/") ? shard : "\(folder)/\(shard)"
      if headers[shard] == nil, !absent.contains(shard) {
        if FileManager.default.fileExists(atPath: path) {
          headers[shard] = Dictionary(
            try SafetensorsHeader(file: path).entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        } else {
          absent.insert(shard)
        }
      }
      let known = WeightName(name)
      guard let tensors = headers[shard] else {
        entries.append(Entry(name: known, dimensions: nil, format: nil, bytes: nil))
        continue
      }
      guard let entry = tensors[known] else {
        throw .unreadable(file: path, reason: "it lacks \(name), which the index says it holds")
      }
      entries.append(entry)
    }
    return WeightListing(
      file: file, layout: .huggingFace, entries: entries.sorted { $0.name < $1.name }, absent: absent.sorted())
  }
}
