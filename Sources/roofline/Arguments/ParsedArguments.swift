import RooflineCore

/// Arguments sorted into a command's options and positionals.
package struct ParsedArguments: Sendable {
  private let command: CommandDescription
  private var values: [String: [String]] = [:]
  private(set) var positionals: [String] = []
  /// All of them, as they were typed.
  let line: String

  /// `--name value` and `--name=value`; `--` ends the options.
  package init(_ arguments: some Sequence<String>, _ command: CommandDescription) throws(InputError) {
    self.command = command
    var rest = Array(arguments)[...]
    line = rest.joined(separator: " ")
    var areOptionsOver = false
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-"), argument != "-", !areOptionsOver else {
        positionals.append(argument)
        continue
      }
      if argument == "--" {
        areOptionsOver = true
        continue
      }
      let bare = argument.dropFirst(argument.hasPrefix("--") ? 2 : 1)
      let name = String(bare.prefix { $0 != "=" })
      guard argument.hasPrefix("--"), let option = command.options.first(where: { $0.name == name })?.declaration else {
        let nearest = Spelling.nearest(to: name, among: command.options.map(\.name)).map { "--\($0)" }
        throw .usage(
          "unknown option \(argument.prefix { $0 != "=" }) for `\(command.name)`; \(nearest.isEmpty ? "see `roofline \(command.name) --help`" : "did you mean \(nearest.joined(separator: ", "))?")"
        )
      }
      let value: String
      if option.value == nil {
        guard bare.count == name.count else { throw .usage("--\(name) takes no value") }
        value = "true"
      } else if bare.count > name.count {
        value = String(bare.dropFirst(name.count + 1))
      } else if let next = rest.popFirst() {
        value = next
      } else {
        throw .usage("--\(name) needs a value: --\(name) \(option.value ?? "")")
      }
      guard !value.isEmpty else { throw .usage("--\(name) is empty; give --\(name) \(option.value ?? "")") }
      guard option.mayRepeat || values[name] == nil else { throw .usage("--\(name) is given twice") }
      values[name, default: []].append(value)
    }
    guard !positionals.contains("") else {
      throw .usage("an argument of `\(command.name)` is empty; usage: roofline \(command.usage)")
    }
    guard positionals.count <= command.positionals.upperBound else {
      throw .usage(
        "unexpected argument \"\(positionals[command.positionals.upperBound])\" for `\(command.name)`; usage: roofline \(command.usage)"
      )
    }
    guard positionals.count >= command.positionals.lowerBound else {
      throw .usage("`\(command.name)` needs more; usage: roofline \(command.usage)")
    }
    try requireOutputsApart(command)
  }

  /// What a command reads stays: no file that it writes may be one that another argument names, in whatever spelling.
  private func requireOutputsApart(_ command: CommandDescription) throws(InputError) {
    let options = command.options.map(\.declaration)
    for output in options where output.isOutput {
      guard let path = values[output.name]?.last, let identity = FileIdentity(path) else { continue }
      let others = options.filter { $0.name != output.name && $0.value != nil }
      for option in others
      where values[option.name]?.contains(where: { FileIdentity($0) == identity }) == true {
        throw .usage("--\(output.name) \(path) is the file of --\(option.name); name another")
      }
      if positionals.contains(where: { FileIdentity($0) == identity }) {
        throw .usage("--\(output.name) \(path) is a file that is read, too; name another")
      }
    }
  }

  /// The same arguments with other values of some options; nil takes an option away.
  func replacing(_ others: [(option: any AnyOption, texts: [String]?)]) -> ParsedArguments {
    var copy = self
    for other in others { copy.values[other.option.name] = other.texts }
    return copy
  }

  /// What was typed for an option.
  func texts(of option: any AnyOption) -> [String] { values[option.name] ?? [] }

  /// Throws for the first value that its option does not take, before anything is read or computed.
  func requireReadable() throws(InputError) {
    for option in command.options where isGiven(option) { _ = try values(of: option) }
  }

  /// Whether the option was given; one that the command does not declare never is.
  package func isGiven(_ option: any AnyOption) -> Bool { values[option.name] != nil }

  /// The options that were given, in the command's order.
  var given: [any AnyOption] { command.options.filter(isGiven) }

  /// Whether a switch was given.
  func has(_ flag: Option<Bool>) throws(InputError) -> Bool { try value(of: flag) ?? false }

  /// What an option of the command says; nil where it was not given.
  ///
  /// - Throws: `InputError.usage` for a value that the option does not take, or an option that the command does not declare:
  ///   nobody could ever give it.
  package func value<Given: AnyOption>(of option: Given) throws(InputError) -> Given.Value? {
    try values(of: option).last
  }

  /// The same of an option that may repeat, in the order in which its values were given.
  func values<Given: AnyOption>(of option: Given) throws(InputError) -> [Given.Value] {
    guard command.declares(option) else {
      throw .usage("`\(command.name)` has no --\(option.name), but asks for it")
    }
    var read: [Given.Value] = []
    for text in values[option.name] ?? [] { read.append(try option.read(text)) }
    return read
  }

  /// The same where several commands share the reader, and not all of them take the option.
  func valueIfDeclared<Value>(of option: Option<Value>) throws(InputError) -> Value? {
    command.declares(option) ? try value(of: option) : nil
  }

  /// What an option says that must be given.
  func required<Value>(_ option: Option<Value>, _ hint: String) throws(InputError) -> Value {
    guard let value = try value(of: option) else { throw .usage("--\(option.name) is missing; \(hint)") }
    return value
  }

  static func choice<Choice: RawRepresentable & CaseIterable>(
    _ text: String, for name: String, _ type: Choice.Type
  ) throws(InputError) -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: text) else {
      throw .usage("\(name) is \"\(text)\"; expected one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }
}
