/// The manual page, from the declarations that the parser reads.
struct ManualPage {
  private let commands: [CommandDescription]

  init(_ commands: [CommandDescription]) { self.commands = commands }

  /// troff with the macros of man(7).
  var text: String {
    let commands = commands.flatMap(section)
    let lines =
      [
        ".TH ROOFLINE 1 \"\(Tool.day)\" \"roofline \(Tool.version)\" \"User Commands\"", ".SH NAME",
        "roofline \\- \(Self.escaped("roofline calculator for LLM inference"))", ".SH SYNOPSIS", ".B roofline",
        ".I command", "[\\fIarguments\\fR]", ".SH DESCRIPTION", Self.escaped(Tool.summary),
        "Models and GPUs are files, named or given by their paths.", ".SH COMMANDS",
      ] + commands + [
        ".SH ENVIRONMENT", ".TP", ".B ROOFLINE_HOME", "The folder that holds Models and Hardware.", ".TP",
        ".B NO_COLOR", "No colour on a terminal.", ".SH EXIT STATUS", ".TP", ".B 0", "Done.", ".TP", ".B 1",
        "A file, a fact or a promise is not as it has to be.", ".TP", ".B 64", "Something is wrong in the arguments.",
        ".TP", ".B 130", "Ctrl\\-C; what is written is whole.",
      ]
    return lines.joined(separator: "\n") + "\n"
  }

  private func section(_ command: CommandDescription) -> [String] {
    var lines = [".SS \(Self.escaped(command.name))", Self.escaped(command.summary), ".PP", ".nf"]
    lines += ["roofline \(Self.escaped(command.usage))", ".fi"]
    for option in command.options.map(\.declaration) {
      let value = option.value.map { " \\fI\(Self.escaped($0))\\fR" } ?? ""
      lines += [".TP", "\\fB\\-\\-\(Self.escaped(option.name))\\fR\(value)", Self.escaped(option.help)]
    }
    for note in command.notes { lines += [".PP", Self.escaped(note)] }
    return lines + [".PP", "Example:", ".PP", ".nf", Self.escaped(command.example), ".fi"]
  }

  /// Text in which nothing is a macro or an escape.
  private static func escaped(_ text: String) -> String {
    var words = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": words += "\\e"
      case "-": words += "\\-"
      case "~": words += "\\(ti"
      case "^": words += "\\(ha"
      case "`": words += "\\(ga"
      default: words.unicodeScalars.append(scalar)
      }
    }
    let trimmed = String(words.drop { $0 == " " })
    return trimmed.hasPrefix(".") || trimmed.hasPrefix("'") ? "\\&" + trimmed : trimmed
  }
}
