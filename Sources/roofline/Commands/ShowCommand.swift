import RooflineCore
import RooflineReport
import RooflineServing

enum ShowCommand: Command {
  static let expected = Option.count(
    "expect-parameters", "N", "fail unless the model has so many parameters, embedding and head included")

  static let description = CommandDescription(
    name: "show",
    summary: "A model, a GPU or an engine: what its file says, what was derived, and which defaults were used.",
    usage: "show NAME|PATH [--strict] [--dtype FORMAT] [--expect-parameters N] [--format FORMAT]",
    options: [
      WorkloadOptions.strict, WorkloadOptions.dtype, expected, WorkloadOptions.format, WorkloadOptions.help,
    ],
    positionals: 1...1,
    example: "roofline show llama-2-70b")

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let name = arguments.positionals[0]
    let catalog = surroundings.catalog()
    if catalog.holdsModel(name) {
      let dtypes = try DTypeOptions(arguments)
      let configuration = try arguments.configuration(name, [], catalog, stated: dtypes.stated)
      let count = configuration.parameters.total.value
      let report = try page.render(ModelReport(configuration, formats: dtypes.formats(configuration)).report)
      guard let stated = try arguments.value(of: expected), stated != count else { return Outcome(output: report) }
      return Outcome(
        output: report,
        errors: "roofline: \(sentence(configuration.path, count, stated).onOneLine)\n", exitCode: 2)
    }
    if catalog.holdsEngine(name) {
      try refuseModelOptions(arguments, "an engine")
      return Outcome(output: try page.render(EngineReport.show(try catalog.engine(name))))
    }
    do {
      let spec = try catalog.hardware(name)
      try refuseModelOptions(arguments, "a GPU")
      return Outcome(output: try page.render(HardwareReport(spec).report))
    } catch InputError.unknownName {
      let known = catalog.modelNames + catalog.hardwareNames + catalog.engineNames
      throw InputError.unknownName(
        what: "model, GPU or engine", name: name, nearest: Spelling.nearest(to: name, among: known), available: known)
    }
  }

  /// Throws where an option says something of a model, and this is none.
  private static func refuseModelOptions(_ arguments: ParsedArguments, _ what: String) throws(InputError) {
    guard try !arguments.has(WorkloadOptions.strict) else {
      throw .usage("--strict says nothing to \(what), whose file never has an unknown key; leave it out")
    }
    guard !arguments.isGiven(expected) else {
      throw .usage("--expect-parameters says nothing to \(what); leave it out")
    }
    guard try arguments.value(of: WorkloadOptions.dtype) == nil else {
      throw .usage("--dtype says nothing to \(what), which is not in one format; leave it out")
    }
  }

  private static func sentence(_ path: String, _ count: UInt64, _ stated: UInt64) -> String {
    "\(path) makes \(Numbers.grouped(count)) parameters, not the \(Numbers.grouped(stated)) of --expect-parameters"
  }
}
