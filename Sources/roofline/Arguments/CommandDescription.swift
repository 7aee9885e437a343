/// A command: its name, what it takes, and what its help says.
package struct CommandDescription: Sendable {
  package let name: String
  let summary: String
  let usage: String
  package let options: [any AnyOption]
  package let positionals: ClosedRange<Int>
  let example: String
  var notes: [String] = []
  /// What may stand without a name, where it is one of a few words.
  var words: [String] = []

  /// Whether it takes the option.
  package func declares(_ option: any AnyOption) -> Bool { options.contains { $0.name == option.name } }

  var help: String {
    var lines = [summary, "", "USAGE: roofline \(usage)"]
    if !options.isEmpty { lines += ["", "OPTIONS:"] }
    for option in options.map(\.declaration) {
      let left = "  --\(option.name)\(option.value.map { " \($0)" } ?? "")"
      let gap =
        left.count < 32 ? String(repeating: " ", count: 32 - left.count) : "\n" + String(repeating: " ", count: 32)
      lines.append(left + gap + option.help)
    }
    if !notes.isEmpty { lines += [""] + notes }
    return (lines + ["", "EXAMPLE:", "  \(example)"]).joined(separator: "\n") + "\n"
  }
}
