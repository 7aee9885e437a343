#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The folders `Models` and `Hardware` and what lies in them.
public struct Catalog: Sendable {
  /// The folder that holds both; empty for the current one.
  public let root: String
  /// Where a catalog was looked for in vain; empty where there is one. Paths can be read all the same.
  private let searched: [String]

  /// A catalog whose folders are taken to be in `root`; that they are not shows when a name is asked for. Paths can be read with
  /// any.
  public init(root: String) {
    self.root = root
    searched = []
  }

  private init(missing searched: [String]) {
    root = ""
    self.searched = searched
  }

  /// The first of the given folders, and of their parents for an executable's, that holds both folders.
  ///
  /// - Parameters:
  ///   - home: the value of `ROOFLINE_HOME`, if set; nothing else is searched then.
  ///   - executable: the running program; its build folder lies inside the package.
  public static func locate(home: String?, executable: String?) -> Catalog {
    var searched: [String] = []
    func holdsCatalog(_ folder: String) -> Bool {
      searched.append(folder.isEmpty ? "." : folder)
      return ["Models", "Hardware"].allSatisfy { isFolder(join(folder, $0)) }
    }
    if let home, !home.isEmpty { return holdsCatalog(home) ? Catalog(root: home) : Catalog(missing: searched) }
    if holdsCatalog("") { return Catalog(root: "") }
    if let executable {
      var folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
      while folder.path != "/" && !folder.path.isEmpty {
        if holdsCatalog(folder.path) { return Catalog(root: folder.path) }
        folder = folder.deletingLastPathComponent()
      }
    }
    return Catalog(missing: searched)
  }

  /// Throws where no folder holds a catalog.
  package func requireFound() throws(InputError) {
    guard searched.isEmpty else { throw .noCatalog(folder: "Models and Hardware", searched: searched) }
  }

  /// The models of the catalog, sorted: what `model` takes beside aliases and paths. Empty without a folder of them.
  public var modelNames: [String] { names(in: "Models") }
  /// The GPUs of the catalog, sorted: what `hardware` takes beside aliases and paths. Empty without a folder of them.
  public var hardwareNames: [String] { names(in: "Hardware") }

  /// Reads a model by catalog name, alias, file, or folder that holds a config.json; with the `hf_quant_config.json` beside it.
  ///
  /// - Parameter stated: formats that the run states itself, so that the file's need not be known.
  package func model(
    _ nameOrPath: String, overrides: [ConfigurationOverride] = [], stated: StatedFormats
  ) throws(InputError) -> ModelConfiguration {
    let (name, file) = try locate(nameOrPath, in: "Models", what: "model") { folder in
      Catalog.join(folder, "config.json")
    }
    var quantization: JSONObject?
    if let beside = Catalog.quantizationFile(beside: file) { quantization = try .quantization(besideIn: beside) }
    return try ModelConfiguration(
      JSONValue.read(file: file), name: name, file: file, overrides: overrides, quantization: quantization,
      stated: stated)
  }

  /// The same where the run states all formats, or none.
  package func model(
    _ nameOrPath: String, overrides: [ConfigurationOverride] = [], isFormatGiven: Bool = false
  ) throws(InputError) -> ModelConfiguration {
    try model(nameOrPath, overrides: overrides, stated: isFormatGiven ? .all : [])
  }

  /// The file of formats beside a config.json; beside a file of another name, that name stands before its own. nil: none.
  private static func quantizationFile(beside file: String) -> String? {
    let name = file.split(separator: "/").last ?? ""
    let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name
    let own = stem == "config" ? JSONObject.besideName : "\(stem).\(JSONObject.besideName)"
    let path = Catalog.join(Catalog.folder(of: file), own)
    return FileStatus(path) == nil ? nil : path
  }

  /// Reads a hardware spec by catalog name, alias or file.
  public func hardware(_ nameOrPath: String) throws(InputError) -> HardwareSpec {
    let (_, file) = try locate(nameOrPath, in: "Hardware", what: "GPU") { _ in nil }
    return try HardwareSpec.decode(JSONValue.read(file: file), file: file) { parent throws(InputError) in
      try wholeHardware(parent)
    }
  }

  /// The parent of a slice, which may not be a slice itself.
  private func wholeHardware(_ nameOrPath: String) throws(InputError) -> HardwareSpec {
    let (_, file) = try locate(nameOrPath, in: "Hardware", what: "GPU") { _ in nil }
    return try HardwareSpec.decode(JSONValue.read(file: file), file: file) { _ throws(InputError) in
      throw .wrongValue(
        file: file, key: "slice", found: "a slice", expected: "a whole GPU, since another file cuts a slice from it")
    }
  }

  /// Whether a name or path is a model's and not a GPU's: a model of the catalog, a folder, or a file that names its
  /// architectures.
  package func holdsModel(_ nameOrPath: String) -> Bool {
    let wanted = Spelling.normalized(nameOrPath)
    let aliases = (try? modelAliases().map(\.alias)) ?? []
    if (modelNames + aliases).contains(where: { Spelling.normalized($0) == wanted }) || Catalog.isFolder(nameOrPath) {
      return true
    }
    guard let value = try? JSONValue.read(file: nameOrPath), let object = try? JSONObject(value, file: nameOrPath)
    else { return false }
    return ["architectures", "model_type", "hidden_size"].contains { object[$0] != nil }
  }

  // MARK: finding files

  private func locate(
    _ nameOrPath: String, in kind: String, what: String, fileInFolder: (String) -> String?
  ) throws(InputError) -> (name: String, file: String) {
    // A repository's name looks like a path, and is one where there is such a folder.
    if nameOrPath.contains("/"), !nameOrPath.hasSuffix(".json"), kind == "Models",
      FileStatus(nameOrPath) == nil, let match = try aliases(in: kind, of: nameOrPath).first
    {
      return (match.name, Catalog.join(Catalog.join(root, kind), "\(match.name).json"))
    }
    if nameOrPath.contains("/") || nameOrPath.hasSuffix(".json") || nameOrPath == "." || nameOrPath == ".." {
      let url = URL(fileURLWithPath: nameOrPath)
      if Catalog.isFolder(nameOrPath), let file = fileInFolder(nameOrPath) {
        return (url.standardizedFileURL.lastPathComponent, file)
      }
      let stem = url.deletingPathExtension().lastPathComponent
      let name = stem == "config" ? url.standardizedFileURL.deletingLastPathComponent().lastPathComponent : stem
      return (name, nameOrPath)
    }
    try requireFound()
    let folder = Catalog.join(root, kind)
    let exact = Catalog.join(folder, "\(nameOrPath).json")
    if FileStatus(exact) != nil { return (nameOrPath, exact) }
    let known = names(in: kind)
    let wanted = Spelling.normalized(nameOrPath)
    if let name = known.first(where: { Spelling.normalized($0) == wanted }) {
      return (name, Catalog.join(folder, "\(name).json"))
    }
    let aliases = kind == "Hardware" ? hardwareAliases() : try modelAliases()
    let matches = aliases.filter { Spelling.normalized($0.alias) == wanted && known.contains($0.name) }
    guard matches.count < 2 else {
      throw .ambiguousAlias(alias: nameOrPath, files: matches.map { Catalog.join(folder, "\($0.name).json") })
    }
    if let match = matches.first { return (match.name, Catalog.join(folder, "\(match.name).json")) }
    if Catalog.isFolder(nameOrPath), let file = fileInFolder(nameOrPath) { return (nameOrPath, file) }
    throw .unknownName(
      what: what, name: nameOrPath, nearest: Spelling.nearest(to: nameOrPath, among: known + aliases.map(\.alias)),
      available: known)
  }

  /// The models that a repository's name stands for.
  private func aliases(in kind: String, of wanted: String) throws(InputError) -> [(alias: String, name: String)] {
    let known = names(in: kind)
    return try modelAliases().filter {
      Spelling.normalized($0.alias) == Spelling.normalized(wanted) && known.contains($0.name)
    }
  }

  /// Every alias with the name of its file; files that cannot be read have none here and say so when they are asked for.
  package func hardwareAliases() -> [(alias: String, name: String)] {
    hardwareNames.flatMap { name -> [(alias: String, name: String)] in
      let file = Catalog.join(Catalog.join(root, "Hardware"), "\(name).json")
      guard let value = try? JSONValue.read(file: file), let object = try? JSONObject(value, file: file) else {
        return []
      }
      return ((try? object.strings("aliases")) ?? []).map { ($0, name) }
    }
  }

  private func names(in kind: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: Catalog.join(root, kind))) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }.sorted()
  }

  private static func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  private static func folder(of file: String) -> String {
    guard let slash = file.lastIndex(of: "/") else { return "" }
    return slash == file.startIndex ? "/" : String(file[..<slash])
  }

  private static func isFolder(_ path: String) -> Bool { FileStatus(path)?.kind == .folder }
}
