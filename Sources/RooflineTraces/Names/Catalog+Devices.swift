import RooflineCore

extension Catalog {
  /// The hardware files that a GPU's name in a driver's or profiler's words stands for: by name, product or alias, then by the
  /// words that both have.
  package func hardwareNames(driver: String) -> [String] {
    let wanted = Spelling.normalized(driver)
    let byAlias = hardwareAliases().filter { Spelling.normalized($0.alias) == wanted }.map(\.name)
    let byName = hardwareNames.filter { Spelling.normalized($0) == wanted }
    let exact = byName + byAlias
    guard exact.isEmpty else { return exact }
    return hardwareNames.filter { name in
      (try? hardware(name))?.product.map { Spelling.normalized($0) == wanted } ?? false
    }
  }
}
