import RooflineComparison
import RooflineCore
import RooflineReport

enum ListCommand: Command {
  static let description = CommandDescription(
    name: "list",
    summary: "The models or GPUs of the catalog, or the constants of calibrated times.",
    usage: "list models|hardware|calibrations",
    options: [Option("help", nil, "show this help")],
    positionals: 1...1,
    example: "roofline list hardware")

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let wanted = arguments.positionals[0]
    guard let kind = Kind(rawValue: wanted) else {
      let known = Kind.allCases.map(\.rawValue)
      let nearest = Spelling.nearest(to: wanted, among: known)
      throw InputError.usage("cannot list \"\(wanted)\"\(InputError.commandSuggestion(nearest, known))")
    }
    let catalog = surroundings.catalog()
    try catalog.requireFound()
    let outcome =
      switch kind {
      case .models: try CatalogList.models(catalog)
      case .hardware: try CatalogList.hardware(catalog)
      case .calibrations: try CatalogList.calibrations(catalog)
      }
    guard !outcome.output.isEmpty else {
      throw InputError.unreadable(
        file: catalog.root.isEmpty ? "." : catalog.root, reason: "its catalog holds no \(kind.rawValue)")
    }
    return outcome
  }

  private enum Kind: String, CaseIterable { case models, hardware, calibrations }
}

/// One line a file. A file that cannot be read is a warning with its reason: one bad file does not hide the others.
private enum CatalogList {
  static func models(_ catalog: Catalog) throws(InputError) -> Outcome {
    let names = catalog.modelNames
    let width = names.map(\.count).max() ?? 0
    return try lines(names) { name throws(InputError) in
      let model = try catalog.model(name)
      let parameters = ParameterShape<Count>(model.model).count
      return "\(padded(name, width))  \(padded(Numbers.scaled(parameters), 8)) parameters  \(model.architecture)"
    }
  }

  static func hardware(_ catalog: Catalog) throws(InputError) -> Outcome {
    let names = catalog.hardwareNames
    let width = names.map(\.count).max() ?? 0
    let aliases = catalog.hardwareAliases()
    return try lines(names) { name throws(InputError) in
      let spec = try catalog.hardware(name)
      let known = aliases.filter { $0.name == name }.map(\.alias)
      let product = spec.product ?? ""
      return "\(padded(name, width))  \(product)\(known.isEmpty ? "" : "  (also \(known.joined(separator: ", ")))")"
    }
  }

  /// Every entry of every calibration, with what it was fitted on and how far it missed what was left out.
  static func calibrations(_ catalog: Catalog) throws(InputError) -> Outcome {
    let names = catalog.calibrationNames
    let width = names.map(\.count).max() ?? 0
    return try lines(names) { name throws(InputError) in
      let calibration = try catalog.calibration(of: name)
      return calibration.entries.map { entry in
        let error = entry.heldOut.map { "error \(Numbers.percent($0.mape)) %" } ?? "error unknown"
        return "\(padded(name, width))  \(padded(error, 12))  \(entry.key.title), \(entry.fit.rows) rows"
      }.joined(separator: "\n")
    }
  }

  /// - Throws: the first file's fault where no file can be read.
  private static func lines(
    _ names: [String], _ line: (String) throws(InputError) -> String
  ) throws(InputError) -> Outcome {
    var outcome = Outcome()
    var first: InputError?
    for name in names {
      do {
        outcome.output += try line(name) + "\n"
      } catch {
        first = first ?? error
        outcome.errors += "roofline: warning: \(error.sentence.onOneLine)\n"
      }
    }
    if let first, outcome.output.isEmpty { throw first }
    return outcome
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
