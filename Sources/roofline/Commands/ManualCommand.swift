enum ManualCommand: Command {
  static let printsLines = true
  static let description = CommandDescription(
    name: "manual",
    summary: "The manual page of this program, as man reads it.",
    usage: "manual",
    options: [WorkloadOptions.help],
    positionals: 0...0,
    example: "roofline manual > roofline.1")

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    Outcome(output: ManualPage(Tool.commands.map { $0.description }).text)
  }
}
