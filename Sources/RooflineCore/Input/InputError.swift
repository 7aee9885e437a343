/// Something wrong with what came in. Values only; `RooflineReport` turns them into sentences.
public enum InputError: Error, Hashable, Sendable {
  /// The file cannot be opened or is not a regular file.
  case unreadable(file: String, reason: String)
  /// The file is not JSON, or ends too early.
  case notJSON(file: String, detail: String)
  /// A file lacks a key, with the object it stands in (`memory.source`); `expected` says what belongs there.
  case missingKey(file: String, key: String, expected: String)
  /// A key's value is of the wrong type, outside its limits, or contradicts another.
  case wrongValue(file: String, key: String, found: String, expected: String)
  /// A key that the file may not have, or that may not be set; `nearest` are keys that it may be a slip of.
  case unknownKey(file: String, key: String, nearest: [String])
  /// Keys of a config.json that no family knows, where that is not to be passed over.
  case unknownKeys(file: String, keys: [String])
  /// An architecture this package does not count.
  case unsupportedArchitecture(file: String, found: String, supported: [String])
  /// A key that would change a count and is not understood.
  case unsupportedKey(file: String, key: String, value: String, reason: String)
  /// No `what` (a model, a GPU, a calibration) of the catalog has the name; `nearest` are those that it may be a slip of.
  case unknownName(what: String, name: String, nearest: [String], available: [String])
  /// Several hardware files claim the alias.
  case ambiguousAlias(alias: String, files: [String])
  /// None of the folders searched holds a catalog: a name means nothing, a path can be read all the same.
  case noCatalog(folder: String, searched: [String])
  /// The degree does not divide the model's heads or widths; `legal` are those that do, ascending.
  case illegalTensorParallel(degree: UInt64, legal: [UInt64], model: String)
  /// The stages do not divide the layers.
  case illegalPipeline(stages: UInt64, layers: UInt64, model: String)
  /// A rate above what the chip's clock and units can do.
  case implausibleRate(file: String, key: String, rate: Double, ceiling: Double, derivation: String)
  /// Facts that a computation needs and the hardware file does not have.
  case missingFacts(hardware: String, path: String, facts: [MissingFact])
  /// A file of measurements that cannot be trusted or understood.
  case notMeasurements(file: String, problem: String)
  /// A count above 2⁶³ − 1.
  case overflow(what: String)
  /// A time that is no finite number: a rate of the GPU is too small, or a length too large.
  case infiniteTime(what: String, hardware: String)
  /// A number of a report that is infinite or none at all, under its path there.
  case notFinite(what: String, value: Double)
  /// Wrong in the arguments alone.
  case usage(String)
}

/// A fact about a GPU that nobody has written down, where it would stand, and the option that gives it for one run.
public struct MissingFact: Hashable, Sendable {
  /// What it is, in words: `link rate`.
  public let name: String
  /// nil where no file could state it.
  public let key: String?
  /// The option of `roofline` that states it for one run; of rates, `RateOptions` has a property.
  public let option: String?
  /// Beside absence, a reason why the fact does not exist ("no fp8 tensor cores").
  public let reason: String?

  /// Whether the GPU cannot have it: times are not unknown then, but asked for in a format that it does not run.
  package var isImpossible: Bool { key == nil }

  package init(name: String, key: String?, option: String?, reason: String? = nil) {
    self.name = name
    self.key = key
    self.option = option
    self.reason = reason
  }
}
