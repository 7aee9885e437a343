/// Which first-level folders of a module use what stands in which others.
struct ModuleFolders {
  /// A name that a file uses and another folder declares.
  struct Use: Hashable {
    let name: String
    /// Paths from the module's folder.
    let file, home: String
  }

  let module: String
  /// By the folder that uses, then the one that is used. Files beside the folders stand in one that is called `.`.
  private(set) var uses: [String: [String: Set<Use>]] = [:]

  /// - Parameters:
  ///   - sources: the module's, by their path from the module's folder.
  ///   - foreign: names of members that modules have which this one imports.
  init(_ module: String, _ sources: [String: SourceNames], foreign: Set<String> = []) {
    self.module = module
    var types: [String: String] = [:]
    var functions: [String: String] = [:]
    for (file, source) in sources {
      for type in source.types { types[type] = file }
      for function in source.functions { functions[function] = file }
    }
    let added = ModuleFolders.added(sources, types, foreign)
    for (file, source) in sources {
      func use(_ name: String, _ home: String) {
        let (user, used) = (ModuleFolders.folder(file), ModuleFolders.folder(home))
        if user != used { uses[user, default: [:]][used, default: []].insert(Use(name: name, file: file, home: home)) }
      }
      for type in source.usedTypes { types[type].map { use(type, $0) } }
      for call in source.usedCalls { (functions[call] ?? added[call]).map { use(call, $0) } }
      for member in source.usedMembers { added[member].map { use(member, $0) } }
    }
  }

  /// Members that one folder's extensions add to types that stand elsewhere, by names that nothing else has: of other
  /// names nobody can say whose they are without a compiler.
  private static func added(
    _ sources: [String: SourceNames], _ types: [String: String], _ foreign: Set<String>
  ) -> [String: String] {
    var homes: [String: Set<String>] = [:]
    var others = foreign
    for (file, source) in sources {
      others.formUnion(source.members)
      others.formUnion(source.functions)
      for (type, members) in source.added {
        if types[type].map(folder) == folder(file) { others.formUnion(members) }
        for member in members { homes[member, default: []].insert(file) }
      }
    }
    return homes.filter { !others.contains($0.key) && Set($0.value.map(folder)).count == 1 }.compactMapValues {
      $0.min()
    }
  }

  static func folder(_ file: String) -> String {
    file.firstIndex(of: "/").map { String(file[..<$0]) } ?? "."
  }

  /// The shortest way over folders that need each other from one back to itself; nil where there is none.
  private func circle(from start: String) -> [String]? {
    var ways = [[start]]
    var seen: Set<String> = []
    while !ways.isEmpty {
      let way = ways.removeFirst()
      guard let last = way.last else { break }
      for next in (uses[last] ?? [:]).keys.sorted() {
        if next == start { return way }
        if seen.insert(next).inserted { ways.append(way + [next]) }
      }
    }
    return nil
  }

  /// Folders that need each other, directly or in a circle: the shortest circles, and of those that share a need only one.
  var circles: [[String]] {
    let all = uses.keys.sorted().compactMap { circle(from: $0) }
    var named: Set<[String]> = []
    var circles: [[String]] = []
    for circle in all.sorted(by: { ($0.count, $0.joined()) < ($1.count, $1.joined()) }) {
      let needs = circle.indices.map { [circle[$0], circle[($0 + 1) % circle.count]] }
      if named.isDisjoint(with: needs) { circles.append(circle) }
      named.formUnion(needs)
    }
    return circles
  }

  /// A circle in words: each folder, the next, and what it needs of it.
  func sentence(_ circle: [String]) -> String {
    let steps = circle.indices.map { index in
      let (user, used) = (circle[index], circle[(index + 1) % circle.count])
      let all = (uses[user]?[used] ?? []).sorted { ($0.name, $0.file) < ($1.name, $1.file) }
      let named = all.prefix(6).map { "\($0.name) (\($0.home)) in \($0.file)" }
      let rest = all.count > 6 ? ", and \(all.count - 6) more" : ""
      return "\(user) needs \(used) for \(named.joined(separator: ", "))\(rest)"
    }
    return "\(module): \(steps.joined(separator: "; "))"
  }
}
