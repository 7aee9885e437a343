/// Formats of single modules, by their names: what `quantized_layers` lists. A module's format is that of all modules inside it
/// that have none of their own.
struct ModuleTable: Hashable, Sendable {
  private struct Entry: Hashable, Sendable {
    /// nil: it is not quantised.
    let format: TensorFormat?
    /// The name as it stands in the file.
    let name: String
    /// Of modules of single experts.
    var experts: Set<UInt64> = []
  }

  private var entries: [String: Entry] = [:]

  var isEmpty: Bool { entries.isEmpty }

  /// Whether it names modules of single layers.
  private(set) var mayNameLayers = false

  /// - Throws: `InputError.wrongValue` where experts of one layer differ.
  mutating func add(_ name: String, _ format: TensorFormat?, key: String, in object: JSONObject) throws(InputError) {
    let path = ModulePath(name)
    if path.isInLayer { mayNameLayers = true }
    var entry = entries[path.text] ?? Entry(format: format, name: name)
    guard entry.format == format else {
      throw object.wrong(key, .string(name), "one format for a layer's experts, as \(entry.name) has")
    }
    if let expert = path.expert { entry.experts.insert(expert) }
    entries[path.text] = entry
  }

  /// The format of a module; nil where the table does not say, and an inner nil where it says that there is none.
  ///
  /// - Parameters:
  ///   - experts: how many the layer has.
  ///   - used: gains the names that were found.
  func format(
    of path: ModulePath, experts: UInt64, used: inout Set<String>
  ) throws(IncompleteExperts) -> TensorFormat?? {
    var next: ModulePath? = path
    if entries[path.text] == nil, let joined = path.joined, entries[joined.text] != nil { next = joined }
    while let module = next {
      if let entry = entries[module.text] {
        guard entry.experts.isEmpty || UInt64(entry.experts.count) == experts else {
          throw IncompleteExperts(name: entry.name, listed: entry.experts.count, experts: experts)
        }
        used.insert(module.text)
        return .some(entry.format)
      }
      next = module.parent
    }
    return nil
  }

  /// The first name inside the model's layers that no row has.
  func unused(_ used: Set<String>, layers: UInt64) -> String? {
    entries.filter { text, entry in
      guard entry.format != nil, !used.contains(text), let layer = ModulePath(entry.name).layer else { return false }
      return layer < layers
    }.map(\.value.name).min()
  }

  /// Some of a layer's experts are listed, and not all.
  struct IncompleteExperts: Error {
    let name: String
    let listed: Int
    let experts: UInt64
  }
}
