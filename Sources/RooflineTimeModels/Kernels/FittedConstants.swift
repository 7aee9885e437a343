import RooflineCore

/// A set of constants by which a time model is fitted: what a calibration file holds and `calibrate` moves.
package protocol FittedConstants: Hashable, Sendable {
  /// Every constant, in the order in which files print them.
  static var parameters: [FittedParameter<Self>] { get }
  /// The values that stand where a file says nothing; parts that are not there are neutral.
  static var initial: Self { get }
}

/// One constant: its key in a file (with its unit), and where a fit may look for it.
package struct FittedParameter<Constants: Sendable>: Sendable {
  /// The constant of a set, and a set with another value for it.
  package let get: @Sendable (Constants) -> Double
  package let set: @Sendable (inout Constants, Double) -> Void
  package let key: String
  package let bounds: ClosedRange<Double>
  /// How far a fit walks from its prior before the prior pulls it back: one standard deviation, as a factor.
  package let spread: Double
  /// Whether every file must state it. The others are neutral where they are absent, and then no fit moves them.
  package let isRequired: Bool

  package init(
    _ key: String, _ bounds: ClosedRange<Double>, spread: Double = 1.5, isRequired: Bool = true,
    get: @escaping @Sendable (Constants) -> Double, set: @escaping @Sendable (inout Constants, Double) -> Void
  ) {
    self.key = key
    self.bounds = bounds
    self.spread = spread
    self.isRequired = isRequired
    self.get = get
    self.set = set
  }
}

/// A constant at an end of its bounds.
package struct BoundConstant: Hashable, Sendable {
  package let key: String
  package let value: Double
  /// Whether it is the lower end.
  package let isLowest: Bool
}

extension FittedConstants {
  /// Reads the constants of a calibration file.
  ///
  /// - Throws: `InputError` for a key that is unknown, missing, or outside its bounds.
  init(_ object: JSONObject) throws(InputError) {
    self = Self.initial
    try object.requireOnly(Self.parameters.map(\.key))
    for parameter in Self.parameters {
      guard let value = object[parameter.key] else {
        if parameter.isRequired {
          throw .missingKey(
            file: object.file, key: object.keyPath(parameter.key), expected: "a number \(parameter.range)")
        }
        continue
      }
      guard let number = value.number, parameter.bounds.contains(number) else {
        throw object.wrong(parameter.key, value, "a number \(parameter.range)")
      }
      parameter.set(&self, number)
    }
  }

  /// The same with every constant inside its bounds, the only ones that a file may hold.
  var withinBounds: Self {
    var constants = self
    for parameter in Self.parameters { parameter.set(&constants, parameter.clamped(parameter.get(self))) }
    return constants
  }

  /// Constants at an end of their bounds, with the values there; parts that are neutral are not there at all.
  package var atBounds: [BoundConstant] {
    let initial = Self.initial
    return Self.parameters.compactMap { parameter in
      let value = parameter.get(self)
      guard parameter.isRequired || value != parameter.get(initial) else { return nil }
      let isLowest = value == parameter.bounds.lowerBound
      guard isLowest || value == parameter.bounds.upperBound else { return nil }
      return BoundConstant(key: parameter.key, value: value, isLowest: isLowest)
    }
  }

  /// Keys and values, in the files' order; neutral optional constants are left out.
  package var named: [(key: String, value: Double)] {
    let initial = Self.initial
    return Self.parameters.compactMap { parameter in
      let value = parameter.get(self)
      return parameter.isRequired || value != parameter.get(initial) ? (parameter.key, value) : nil
    }
  }
}

extension FittedParameter {
  func clamped(_ value: Double) -> Double { min(max(value, bounds.lowerBound), bounds.upperBound) }
  var range: String { "from \(bounds.lowerBound) to \(bounds.upperBound)" }
}
