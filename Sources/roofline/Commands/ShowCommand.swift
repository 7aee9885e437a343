import RooflineCore
import RooflineReport

enum ShowCommand: Command {
  static let description = CommandDescription(
    name: "show",
    summary: "A model or a GPU: what its file says, what was derived, and which defaults were used.",
    usage: "show NAME|PATH [--strict] [--format FORMAT]",
    options: [WorkloadOptions.strict, WorkloadOptions.format, WorkloadOptions.help],
    positionals: 1...1,
    example: "roofline show llama-2-70b")

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let name = arguments.positionals[0]
    let catalog = surroundings.catalog()
    if catalog.holdsModel(name) {
      // Parameters and keys are the same in any format, and a note says that bytes are not the checkpoint's.
      let configuration = try arguments.configuration(name, [], catalog, isFormatGiven: true)
      return Outcome(output: try page.render(ModelReport(configuration).report))
    }
    do {
      let spec = try catalog.hardware(name)
      guard try !arguments.has(WorkloadOptions.strict) else {
        throw InputError.usage("--strict says nothing to a GPU, whose file never has an unknown key; leave it out")
      }
      return Outcome(output: try page.render(HardwareReport(spec).report))
    } catch InputError.unknownName {
      let known = catalog.modelNames + catalog.hardwareNames
      throw InputError.unknownName(
        what: "model or GPU", name: name, nearest: Spelling.nearest(to: name, among: known), available: known)
    }
  }
}
