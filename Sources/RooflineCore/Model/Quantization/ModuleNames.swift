/// A list of modules: exact names, which stand for all modules inside them, names without their first parts, globs, and
/// regular expressions behind `re:`.
struct ModuleNames: Hashable, Sendable {
  private var rooted: Set<String> = []
  /// Without a layer's number: they match wherever such parts stand in a name.
  private var bare: [String] = []
  private var patterns: [Pattern] = []
  /// Whether it names modules of single layers.
  private(set) var mayNameLayers = false

  fileprivate struct Pattern: Hashable, Sendable {
    let pattern: ModulePattern
    /// What the pattern calls blocks that other names call `mlp` and `self_attn`.
    let blocks: [String: String]
  }

  var isEmpty: Bool { rooted.isEmpty && bare.isEmpty && patterns.isEmpty }

  init() {}

  /// - Throws: `InputError.wrongValue` for a regular expression that is not understood.
  init(_ names: [String], key: String, in object: JSONObject) throws(InputError) {
    for name in names where !name.isEmpty {
      if name.hasPrefix("re:") {
        try add(regularExpression: String(name.dropFirst(3)), name, key, object)
      } else if name.contains(where: { "\\[](){}^$+|".contains($0) }) {
        try add(regularExpression: name, name, key, object)
      } else if name.contains("*") || name.contains("?") {
        add(ModulePattern(glob: name), name)
      } else {
        add(ModulePath(name))
      }
    }
  }

  private mutating func add(
    regularExpression text: String, _ name: String, _ key: String, _ object: JSONObject
  ) throws(InputError) {
    guard let pattern = ModulePattern(regularExpression: text) else {
      throw object.wrong(
        key, .string(name), "module names, globs, or regular expressions of letters, ., *, +, ?, [], () and |")
    }
    add(pattern, name)
  }

  private mutating func add(_ pattern: ModulePattern, _ name: String) {
    var blocks: [String: String] = [:]
    let mlps = ["ffn", "block_sparse_moe", "feed_forward"]
    if !name.contains("mlp"), let mlp = mlps.first(where: name.contains) { blocks["mlp"] = mlp }
    if name.contains("attn"), !name.contains("_attn") { blocks["self_attn"] = "attn" }
    patterns.append(Pattern(pattern: pattern, blocks: blocks))
    if pattern.mayNameLayers { mayNameLayers = true }
  }

  private mutating func add(_ path: ModulePath) {
    if path.isInLayer {
      rooted.insert(path.text)
      mayNameLayers = true
    } else if !path.text.split(separator: ".").contains(where: { UInt64($0) != nil }) {
      bare.append(path.text)
    }
    // Others are numbered parts of what stands beside the text: towers, prediction layers.
  }

  /// Whether a module is named, or lies in one that is.
  ///
  /// - Parameter name: as the model's rows have it, an expert's number in place.
  func contains(_ name: String, _ path: ModulePath) -> Bool {
    if !rooted.isEmpty {
      if let joined = path.joined, rooted.contains(joined.text) { return true }
      var next: ModulePath? = path
      while let module = next {
        if rooted.contains(module.text) { return true }
        next = module.parent
      }
    }
    let inside = ".\(path.text)."
    if bare.contains(where: { inside.contains(".\($0).") }) { return true }
    return patterns.contains { $0.matches(name) }
  }
}

extension ModuleNames.Pattern {
  /// Tries the name, and the same without the first parts that other checkpoints do not have.
  func matches(_ name: String) -> Bool {
    var name = name
    for (own, other) in blocks { name = name.replacing(".\(own).", with: ".\(other).") }
    if pattern.matches(name) { return true }
    let bare = name.hasPrefix("language_model.") ? String(name.dropFirst("language_model.".count)) : name
    if bare != name, pattern.matches(bare) { return true }
    let inner = "model.language_model."
    let short =
      bare.hasPrefix(inner)
      ? String(bare.dropFirst(inner.count)) : bare.hasPrefix("model.") ? String(bare.dropFirst("model.".count)) : bare
    return short != bare && (pattern.matches(short) || pattern.matches("model.\(short)"))
  }
}
