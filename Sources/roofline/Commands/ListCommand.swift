import RooflineCore
import RooflineReport
import RooflineServing
import RooflineTimeModels

enum ListCommand: Command {
  static let description = CommandDescription(
    name: "list",
    summary: "The models, GPUs or engines of the catalog, or the constants of calibrated times.",
    usage: "list models|hardware|calibrations|engines [--format FORMAT]",
    options: [WorkloadOptions.format, WorkloadOptions.help],
    positionals: 1...1,
    example: "roofline list hardware", words: CatalogKind.allCases.map(\.rawValue))

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let wanted = arguments.positionals[0]
    guard let kind = CatalogKind(rawValue: wanted) else {
      let known = CatalogKind.allCases.map(\.rawValue)
      let nearest = Spelling.nearest(to: wanted, among: known)
      throw InputError.usage("cannot list \"\(wanted)\"\(InputError.commandSuggestion(nearest, known))")
    }
    let catalog = surroundings.catalog()
    try catalog.requireFound()
    var warnings = ""
    let report: Report
    switch kind {
    case .models:
      report = CatalogReport.models(
        try read(catalog.modelNames, kind, catalog, &warnings) { name throws(InputError) in try catalog.model(name) })
    case .hardware:
      let aliases = catalog.hardwareAliases()
      report = CatalogReport.hardware(
        try read(catalog.hardwareNames, kind, catalog, &warnings) { name throws(InputError) in
          (name, try catalog.hardware(name), aliases.filter { $0.name == name }.map(\.alias))
        })
    case .calibrations:
      report = CatalogReport.calibrations(
        try read(catalog.calibrationNames, kind, catalog, &warnings) { name throws(InputError) in
          (name, try catalog.calibration(of: name))
        })
    case .engines:
      report = EngineReport.list(
        try read(catalog.engineNames, kind, catalog, &warnings) { name throws(InputError) in try catalog.engine(name) })
    }
    return Outcome(output: try page.render(report), errors: warnings)
  }

  /// A file that cannot be read is a warning with its reason: one bad file does not hide the others.
  ///
  /// - Throws: the first file's fault where no file can be read.
  private static func read<Value>(
    _ names: [String], _ kind: CatalogKind, _ catalog: Catalog, _ warnings: inout String,
    _ value: (String) throws(InputError) -> Value
  ) throws(InputError) -> [Value] {
    guard !names.isEmpty else {
      throw .unreadable(
        file: catalog.root.isEmpty ? "." : catalog.root, reason: "its catalog holds no \(kind.rawValue)")
    }
    var values: [Value] = []
    var first: InputError?
    for name in names {
      do {
        values.append(try value(name))
      } catch {
        first = first ?? error
        warnings += "roofline: warning: \(error.sentence.onOneLine)\n"
      }
    }
    if let first, values.isEmpty { throw first }
    return values
  }
}
