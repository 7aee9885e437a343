import RooflineCore
import RooflineMeasurement
import RooflineReport

extension Outcome {
  /// Whatever came in from a file or the command line and stands in the report, a terminal shall not obey: the last guard
  /// behind the formats' own.
  ///
  /// - Parameter areLines: whether the output's writer has made each word safe already, line by line.
  fileprivate func fit(
    toPrint format: OutputFormat?, areLines: Bool, _ surroundings: Surroundings
  ) -> Outcome {
    var clean = self
    clean.output =
      format == .json || areLines
      ? output.printableJSON
      : surroundings.textFormat(isWide: false).usesColor ? output.printableInColor : output.printable
    clean.errors = errors.printable
    return clean
  }
}

extension Tool {
  package static var commands: [any Command.Type] {
    [
      AnalyzeCommand.self, FootprintCommand.self, SensitivityCommand.self, MFUCommand.self, KernelCommand.self,
      ExplainCommand.self, CompareCommand.self, ValidateCommand.self, CalibrateCommand.self, DiffCommand.self,
      SweepCommand.self, PlotCommand.self, ReportCommand.self, ShapesCommand.self,
      ListCommand.self, ShowCommand.self, DevicesCommand.self, MeasureCommand.self, ImportCommand.self,
      CompletionCommand.self,
      ManualCommand.self,
    ]
  }

  package static func run(_ arguments: [String], _ surroundings: Surroundings) -> Outcome {
    do {
      return try dispatch(arguments, surroundings)
    } catch let error as InputError {
      return Outcome(errors: "roofline: \(error.sentence.onOneLine)\n", exitCode: error.exitCode)
    } catch let fault as GPUFault {
      return Outcome(errors: "roofline: \(fault.sentence.onOneLine)\n", exitCode: 1)
    } catch EncodingError.invalidValue(let value, let context) {
      let place = context.codingPath.map(\.stringValue).joined(separator: ".")
      let problem = "\(place) would be \(value), which is no number; check the rates and times that went in"
      return Outcome(errors: "roofline: the report could not be written: \(problem.onOneLine)\n", exitCode: 1)
    } catch {
      return Outcome(errors: "roofline: the report could not be written: \(error)".onOneLine + "\n", exitCode: 1)
    }
  }

  private static func dispatch(_ arguments: [String], _ surroundings: Surroundings) throws -> Outcome {
    guard let name = arguments.first else {
      throw InputError.usage("no command; one of \(commandNames.joined(separator: ", ")); see `roofline --help`")
    }
    let rest = arguments.dropFirst()
    if name == "--help" || name == "-h" || name == "help" {
      try refuse(rest.dropFirst(), behind: "roofline \(name) COMMAND")
      return Outcome(output: try rest.first.map { try Self.command($0).description.help } ?? help)
    }
    if name == "--version" {
      try refuse(rest, behind: "roofline --version")
      return Outcome(output: "roofline \(version)\n")
    }
    let command = try command(name)
    if rest.contains("--help") || rest.contains("-h") { return Outcome(output: command.description.help) }
    let parsed = try ParsedArguments(rest, command.description)
    var surroundings = surroundings
    if !command.reportsProgress {
      surroundings.line = surroundings.progress.map { ProgressLine(command.description.name, $0) }
    }
    defer { surroundings.line?.end() }
    let outcome = try command.run(parsed, surroundings)
    let format = command.printsLines ? nil : try parsed.valueIfDeclared(of: WorkloadOptions.format)
    return outcome.fit(toPrint: format, areLines: command.printsLines, surroundings)
  }

  private static func refuse(_ others: ArraySlice<String>, behind usage: String) throws(InputError) {
    guard let other = others.first else { return }
    throw .usage("unexpected argument \"\(other)\"; usage: \(usage)")
  }

  private static func command(_ name: String) throws(InputError) -> any Command.Type {
    guard let command = commands.first(where: { $0.description.name == name }) else {
      let nearest = Spelling.nearest(to: name, among: commandNames)
      throw InputError.usage("unknown command \"\(name)\"\(InputError.commandSuggestion(nearest, commandNames))")
    }
    return command
  }

  package static var commandNames: [String] { commands.map { $0.description.name } }

  private static var help: String {
    let width = commandNames.map(\.count).max() ?? 0
    let list = commands.map { command in
      let name = command.description.name
      return "  \(name)\(String(repeating: " ", count: width - name.count))  \(command.description.summary)"
    }
    return """
      \(summary)

      USAGE: roofline COMMAND [arguments]

      COMMANDS:
      \(list.joined(separator: "\n"))

      `roofline COMMAND --help` explains a command. Models and GPUs are files in Models/ and Hardware/.

      """
  }
}

/// A command of the tool.
package protocol Command {
  static var description: CommandDescription { get }
  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome
  /// Whether it says by itself what it is at.
  static var reportsProgress: Bool { get }
  /// Whether what it prints is no report, and its --format none of a report's.
  static var printsLines: Bool { get }
}

extension Command {
  package static var reportsProgress: Bool { false }
  package static var printsLines: Bool { false }
}

extension InputError {
  /// 64: something wrong in the arguments alone, names and degrees included. 1: a file or a fact.
  var exitCode: Int32 {
    switch self {
    case .usage, .unknownName, .illegalTensorParallel, .illegalPipeline: 64
    default: 1
    }
  }

  static func commandSuggestion(_ nearest: [String], _ all: [String]) -> String {
    nearest.isEmpty ? "; one of \(all.joined(separator: ", "))" : "; did you mean \(nearest.joined(separator: ", "))?"
  }
}
