import RooflineCore

/// What kernels with certain names are.
package struct KernelRule: Hashable, Sendable {
  package let patterns: [NamePattern]
  package let group: KernelGroup
  /// Kinds of rows that such a kernel may be; none of a kernel that belongs to no row.
  package let operators: [OperatorKind]
  package let role: Role
  /// The file that says so.
  package let file: String

  /// How a kernel belongs to a row.
  package enum Role: String, Hashable, Sendable, CaseIterable {
    /// It does the row's work.
    case kernel
    /// It prepares the row whose kernel comes next: quantises its input, sorts its tokens.
    case before
    /// It finishes the row whose kernel came last: adds up its parts.
    case after
  }
}

/// The rules of all files, in the order in which they are asked.
package struct KernelNameTable: Sendable {
  package let rules: [KernelRule]
  /// Libraries by the names of their kernels.
  package let families: [KernelFamily]
  /// The files, for those who ask where a name is from.
  package let files: [String]

  package init(_ tables: [KernelNameTable]) {
    rules = tables.flatMap(\.rules)
    families = tables.flatMap(\.families)
    files = tables.flatMap(\.files)
  }

  /// The first rule that knows the name; nil: nobody does.
  package func rule(for name: String) -> KernelRule? {
    let small = name.utf8.map(NamePattern.small)
    return rules.first { rule in rule.patterns.contains { $0.matches(small) } }
  }

  /// The library that a kernel is of, as calibrations call it; nil: nobody knows.
  package func family(of name: String) -> String? {
    let small = name.utf8.map(NamePattern.small)
    return families.first { family in family.patterns.contains { $0.matches(small) } }?.name
  }

  // MARK: files

  /// - Throws: `InputError` naming file and key for what is no table of names.
  package init(_ value: JSONValue, file: String) throws(InputError) {
    let root = try JSONObject(value, file: file)
    try root.requireOnly(["schemaVersion", "source", "kernels", "families"])
    let version = try root.require(root.positiveInteger("schemaVersion"), "schemaVersion", "the number 1")
    guard version == 1 else { throw root.wrong("schemaVersion", .integer(Int64(clamping: version)), "1") }
    _ = try root.require(root.string("source"), "source", "where the names are from")
    guard case .array(let entries)? = root["kernels"] else {
      throw .missingKey(file: file, key: "kernels", expected: "a list of objects with `names` and `group`")
    }
    var rules: [KernelRule] = []
    for (index, entry) in entries.enumerated() {
      rules.append(try KernelRule(JSONObject(entry, file: file, path: "kernels[\(index)]")))
    }
    self.rules = rules
    families = try KernelFamily.all(in: root)
    files = [file]
  }
}

extension KernelRule {
  fileprivate init(_ object: JSONObject) throws(InputError) {
    try object.requireOnly(["names", "group", "operators", "role"])
    patterns = try NamePattern.all(in: object)
    let word: KernelGroup? = try Self.word(object, "group")
    group = try object.require(word, "group", Self.words(KernelGroup.self))
    let role: Role? = try Self.word(object, "role")
    self.role = role ?? .kernel
    var kinds: [OperatorKind] = []
    let operators = try object.strings("operators") ?? []
    for name in operators {
      guard let kind = OperatorKind(rawValue: name) else {
        throw .unknownKey(
          file: object.file, key: "\(object.keyPath("operators")): \(name)",
          nearest: Spelling.nearest(to: name, among: OperatorKind.allCases.map(\.rawValue)))
      }
      kinds.append(kind)
    }
    self.operators = kinds
    file = object.file
    guard self.role == .kernel || !kinds.isEmpty else {
      throw .missingKey(file: object.file, key: object.keyPath("operators"), expected: "the rows that it is a part of")
    }
  }

  private static func word<Word: RawRepresentable & CaseIterable>(
    _ object: JSONObject, _ key: String
  ) throws(InputError) -> Word? where Word.RawValue == String {
    guard let text = try object.string(key) else { return nil }
    guard let word = Word(rawValue: text) else { throw object.wrong(key, .string(text), words(Word.self)) }
    return word
  }

  private static func words<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) -> String
  where Word.RawValue == String { "one of \(type.allCases.map(\.rawValue).joined(separator: ", "))" }
}
