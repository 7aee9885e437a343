import RooflineCore
import RooflineReport

/// What a command takes by name, whatever its value is: what the parser and the help need.
package protocol AnyOption: Sendable {
  associatedtype Value
  var declaration: OptionDeclaration { get }
  /// What the text on the command line means.
  ///
  /// - Throws: `InputError.usage` naming the option and what it expects.
  var read: @Sendable (_ text: String) throws(InputError) -> Value { get }
}

extension AnyOption {
  package var name: String { declaration.name }
}

/// How an option is written. The list of a command's options is its parser and its help at once.
package struct OptionDeclaration: Sendable {
  package let name: String
  /// What stands for the value in the help; nil for a switch.
  let value: String?
  let help: String
  let mayRepeat: Bool
  /// Whether the value names a file that the command writes: then no other argument may name the same one.
  let isOutput: Bool
  /// What a shell may offer as its value.
  let suggestions: Suggestions
}

/// What a shell offers where a value is to be typed.
enum Suggestions: Sendable {
  /// A number, or anything.
  case none
  case files
  /// Listed when a shell asks, not by every run.
  case words(@Sendable () -> [String])
  /// Names that the catalog has when they are asked for, and files.
  case catalog(CatalogKind)

  static let models = Suggestions.catalog(.models)
  static let hardware = Suggestions.catalog(.hardware)
  static let engines = Suggestions.catalog(.engines)
}

/// What the catalog holds and `list` lists.
enum CatalogKind: String, Hashable, Sendable, CaseIterable { case models, hardware, calibrations, engines }

/// An option with the type of its value: declared once, and read by this value, never by its name.
package struct Option<Value>: AnyOption {
  package let declaration: OptionDeclaration
  package let read: @Sendable (_ text: String) throws(InputError) -> Value

  init(
    _ name: String, _ value: String?, _ help: String, mayRepeat: Bool = false, isOutput: Bool = false,
    suggestions: Suggestions = .none, read: @escaping @Sendable (_ text: String) throws(InputError) -> Value
  ) {
    var suggestions = suggestions
    // What is a file's name says so in the help.
    if case .none = suggestions, value?.contains("FILE") == true { suggestions = .files }
    declaration = OptionDeclaration(
      name: name, value: value, help: help, mayRepeat: mayRepeat, isOutput: isOutput, suggestions: suggestions)
    self.read = read
  }
}

extension Option where Value == Bool {
  /// A switch.
  static func flag(_ name: String, _ help: String) -> Self { Option(name, nil, help) { _ throws(InputError) in true } }
}

extension Option where Value == String {
  /// A name, a path, or what only its reader understands.
  static func text(
    _ name: String, _ value: String, _ help: String, mayRepeat: Bool = false, isOutput: Bool = false,
    suggestions: Suggestions = .none
  ) -> Self {
    Option(name, value, help, mayRepeat: mayRepeat, isOutput: isOutput, suggestions: suggestions) {
      text throws(InputError) in text
    }
  }
}

extension Option where Value == UInt64 {
  /// A whole number of at least 1.
  static func count(_ name: String, _ value: String, _ help: String) -> Self {
    Option(name, value, help) { text throws(InputError) in
      guard let number = UInt64(text), number > 0, number <= Count.limit else {
        throw .usage("--\(name) is \"\(text)\"; expected a whole number of at least 1, below 2^63")
      }
      return number
    }
  }
}

extension Option where Value == Double {
  /// A number above 0.
  static func positive(_ name: String, _ value: String, _ help: String) -> Self {
    Option(name, value, help) { text throws(InputError) in try positive(text, name) }
  }

  /// A rate, in units a second.
  static func rate(
    _ name: String, _ value: String, _ help: String, in limits: ClosedRange<Double> = RateOptions.plausibleCompute,
    _ unit: String = "FLOP/s"
  ) -> Self {
    Option(name, value, help) { text throws(InputError) in
      let number = try positive(scaled(text, unit), name)
      guard limits.contains(number) else {
        let (least, most) = (Numbers.short(limits.lowerBound), Numbers.short(limits.upperBound))
        throw .usage("--\(name) is \(text); expected \(least)\(unit) to \(most)\(unit)")
      }
      return number
    }
  }

  /// A rate as people write it: `2TB/s`, `312 TFLOP/s`, `900G` as the number that it is; anything else as it stands.
  private static func scaled(_ text: String, _ unit: String) -> String {
    let prefixes: [(letter: Character, zeros: Int)] = [("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15)]
    // `B` alone stands for `B/s`, too.
    let endings = [unit, unit.replacing("/s", with: ""), ""]
    for ending in endings where text.hasSuffix(ending) {
      let rest = text.dropLast(ending.count)
      guard let prefix = prefixes.first(where: { rest.last == $0.letter }) else { continue }
      let number = rest.dropLast().filter { $0 != " " }
      return Double(number) == nil || number.contains { "eExX".contains($0) } ? text : "\(number)e\(prefix.zeros)"
    }
    return text
  }

  /// A share above 0 and up to 1.
  static func share(_ name: String, _ help: String) -> Self {
    Option(name, "SHARE", help) { text throws(InputError) in
      guard let number = Double(text), number >= 1e-6, number <= 1 else {
        throw .usage("--\(name) is \"\(text)\"; expected a share above 0 (at least 1e-6) and up to 1, e.g. 0.9")
      }
      return number
    }
  }

  private static func positive(_ text: String, _ name: String) throws(InputError) -> Double {
    guard let number = Double(text), number > 0, number.isFinite else {
      throw .usage("--\(name) is \"\(text)\"; expected a number above 0")
    }
    return number
  }
}

extension Option where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
  /// One of a type's cases.
  static func choice(_ name: String, _ value: String, _ help: String) -> Self {
    Option(name, value, help, suggestions: .words({ Value.allCases.map(\.rawValue) })) { text throws(InputError) in
      try ParsedArguments.choice(text, for: "--\(name)", Value.self)
    }
  }
}
