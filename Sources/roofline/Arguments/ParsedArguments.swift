import RooflineCore

/// Arguments sorted into a command's options and positionals.
struct ParsedArguments: Sendable {
  private var values: [String: [String]] = [:]
  private(set) var positionals: [String] = []
  /// All of them, as they were typed.
  let line: String

  /// `--name value` and `--name=value`; `--` ends the options.
  init(_ arguments: some Sequence<String>, _ command: CommandDescription) throws(InputError) {
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
      guard argument.hasPrefix("--"), let option = command.options.first(where: { $0.name == name }) else {
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
    for output in command.options where output.isOutput {
      guard let path = string(output.name), let identity = FileIdentity(path) else { continue }
      let others = command.options.filter { $0.name != output.name && $0.value != nil }
      for option in others where strings(option.name).contains(where: { FileIdentity($0) == identity }) {
        throw .usage("--\(output.name) \(path) is the file of --\(option.name); name another")
      }
      if positionals.contains(where: { FileIdentity($0) == identity }) {
        throw .usage("--\(output.name) \(path) is a file that is read, too; name another")
      }
    }
  }

  func has(_ name: String) -> Bool { values[name] != nil }
  func string(_ name: String) -> String? { values[name]?.last }
  func strings(_ name: String) -> [String] { values[name] ?? [] }

  func required(_ name: String, _ hint: String) throws(InputError) -> String {
    guard let value = string(name) else { throw .usage("--\(name) is missing; \(hint)") }
    return value
  }

  /// A whole number of at least 1.
  func positiveInteger(_ name: String) throws(InputError) -> UInt64? {
    guard let text = string(name) else { return nil }
    guard let number = UInt64(text), number > 0, number <= Count.limit else {
      throw .usage("--\(name) is \"\(text)\"; expected a whole number of at least 1, below 2^63")
    }
    return number
  }

  /// A number above 0.
  func positiveNumber(_ name: String) throws(InputError) -> Double? {
    guard let text = string(name) else { return nil }
    guard let number = Double(text), number > 0, number.isFinite else {
      throw .usage("--\(name) is \"\(text)\"; expected a number above 0")
    }
    return number
  }

  /// A rate in units a second.
  func rate(
    _ name: String, in limits: ClosedRange<Double> = RateOptions.plausibleCompute, _ unit: String = "FLOP/s"
  ) throws(InputError) -> Double? {
    guard let number = try positiveNumber(name) else { return nil }
    guard limits.contains(number) else {
      throw .usage("--\(name) is \(number); expected \(limits.lowerBound) to \(limits.upperBound) \(unit)")
    }
    return number
  }

  /// A share above 0 and up to 1.
  func share(_ name: String) throws(InputError) -> Double? {
    guard let text = string(name) else { return nil }
    guard let number = Double(text), number >= 1e-6, number <= 1 else {
      throw .usage("--\(name) is \"\(text)\"; expected a share above 0 (at least 1e-6) and up to 1, e.g. 0.9")
    }
    return number
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, _ type: Choice.Type) throws(InputError)
    -> Choice?
  where Choice.RawValue == String {
    guard let text = string(name) else { return nil }
    return try Self.choice(text, for: "--\(name)", type)
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
