/// A command-line option. The table of a command's options is its parser and its help at once.
struct Option: Hashable, Sendable {
  let name: String
  /// What stands for the value in the help; nil for a switch.
  let value: String?
  let help: String
  let mayRepeat: Bool
  /// Whether the value names a file that the command writes: then no other argument may name the same one.
  let isOutput: Bool

  init(_ name: String, _ value: String?, _ help: String, mayRepeat: Bool = false, isOutput: Bool = false) {
    self.isOutput = isOutput
    self.name = name
    self.value = value
    self.help = help
    self.mayRepeat = mayRepeat
  }
}

/// A command: its name, what it takes, and what its help says.
struct CommandDescription: Sendable {
  let name: String
  let summary: String
  let usage: String
  let options: [Option]
  let positionals: ClosedRange<Int>
  let example: String
  var notes: [String] = []

  var help: String {
    var lines = [summary, "", "USAGE: roofline \(usage)"]
    if !options.isEmpty { lines += ["", "OPTIONS:"] }
    for option in options {
      let left = "  --\(option.name)\(option.value.map { " \($0)" } ?? "")"
      let gap =
        left.count < 32 ? String(repeating: " ", count: 32 - left.count) : "\n" + String(repeating: " ", count: 32)
      lines.append(left + gap + option.help)
    }
    if !notes.isEmpty { lines += [""] + notes }
    return (lines + ["", "EXAMPLE:", "  \(example)"]).joined(separator: "\n") + "\n"
  }
}
