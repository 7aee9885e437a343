import RooflineCore

/// A library by the names of its kernels: whose time it is that was recorded.
package struct KernelFamily: Hashable, Sendable {
  package let patterns: [NamePattern]
  /// As calibrations and measured files call the library.
  package let name: String

  /// The `families` of a table of names; none where it has none.
  static func all(in root: JSONObject) throws(InputError) -> [KernelFamily] {
    guard let value = root["families"] else { return [] }
    guard case .array(let entries) = value else {
      throw root.wrong("families", value, "a list of objects with `names` and `family`")
    }
    var families: [KernelFamily] = []
    for (index, entry) in entries.enumerated() {
      let object = try JSONObject(entry, file: root.file, path: "families[\(index)]")
      try object.requireOnly(["names", "family"])
      let name = try object.require(object.string("family"), "family", "the library's name, e.g. cublas")
      guard !name.isEmpty else { throw object.wrong("family", .string(name), "the library's name, e.g. cublas") }
      families.append(KernelFamily(patterns: try NamePattern.all(in: object), name: name))
    }
    return families
  }
}

extension NamePattern {
  /// The `names` of an entry.
  static func all(in object: JSONObject) throws(InputError) -> [NamePattern] {
    let names = try object.require(object.strings("names"), "names", "a list of names, with * for anything")
    guard !names.isEmpty, !names.contains(where: { name in name.allSatisfy { $0 == "*" } }) else {
      throw object.wrong("names", object["names"] ?? .null, "a list of names, none of which stands for all")
    }
    return names.map(NamePattern.init)
  }
}
