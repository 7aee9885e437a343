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
    let catalog = surroundings.catalog()
    switch arguments.positionals[0] {
    case "models": return CatalogList.models(catalog)
    case "hardware": return CatalogList.hardware(catalog)
    case "calibrations": return CatalogList.calibrations(catalog)
    case let other:
      let known = ["models", "hardware", "calibrations"]
      let nearest = Spelling.nearest(to: other, among: known)
      throw InputError.usage("cannot list \"\(other)\"\(InputError.commandSuggestion(nearest, known))")
    }
  }
}

/// One line a file. A file that cannot be read is listed with its reason: one bad file does not hide the others.
private enum CatalogList {
  static func models(_ catalog: Catalog) -> Outcome {
    let names = catalog.modelNames
    let width = names.map(\.count).max() ?? 0
    return lines(names) { name throws(InputError) in
      let model = try catalog.model(name)
      let parameters = ParameterShape<Count>(model.model).count
      return "\(padded(name, width))  \(padded(Numbers.scaled(parameters), 8)) parameters  \(model.architecture)"
    }
  }

  static func hardware(_ catalog: Catalog) -> Outcome {
    let names = catalog.hardwareNames
    let width = names.map(\.count).max() ?? 0
    let aliases = catalog.hardwareAliases()
    return lines(names) { name throws(InputError) in
      let spec = try catalog.hardware(name)
      let known = aliases.filter { $0.name == name }.map(\.alias)
      let product = spec.product ?? ""
      return "\(padded(name, width))  \(product)\(known.isEmpty ? "" : "  (also \(known.joined(separator: ", ")))")"
    }
  }

  /// Every entry of every calibration, with what it was fitted on and how far it missed what was left out.
  static func calibrations(_ catalog: Catalog) -> Outcome {
    let names = catalog.calibrationNames
    let width = names.map(\.count).max() ?? 0
    return lines(names) { name throws(InputError) in
      let calibration = try catalog.calibration(of: name)
      return calibration.entries.map { entry in
        let error = entry.heldOut.map { "error \(Numbers.percent($0.mape)) %" } ?? "error unknown"
        return "\(padded(name, width))  \(padded(error, 12))  \(entry.key.title), \(entry.fit.rows) rows"
      }.joined(separator: "\n")
    }
  }

  private static func lines(_ names: [String], _ line: (String) throws(InputError) -> String) -> Outcome {
    var outcome = Outcome()
    for name in names {
      do {
        outcome.output += try line(name) + "\n"
      } catch {
        outcome.errors += "roofline: \(error.sentence)\n"
        outcome.exitCode = 1
      }
    }
    return outcome
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
