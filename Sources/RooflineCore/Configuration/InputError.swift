/// Something wrong with what came in. Values only; `RooflineReport` turns them into sentences.
public enum InputError: Error, Hashable, Sendable {
  /// The file cannot be opened or is not a regular file.
  case unreadable(file: String, reason: String)
  /// The file is not JSON, or ends too early.
  case notJSON(file: String, detail: String)
  case missingKey(file: String, key: String, expected: String)
  case wrongValue(file: String, key: String, found: String, expected: String)
  case unknownKey(file: String, key: String, nearest: [String])
  /// Keys of a config.json that no family knows, where that is not to be passed over.
  case unknownKeys(file: String, keys: [String])
  /// An architecture this package does not count.
  case unsupportedArchitecture(file: String, found: String, supported: [String])
  /// A key that would change a count and is not understood.
  case unsupportedKey(file: String, key: String, value: String, reason: String)
  case unknownName(what: String, name: String, nearest: [String], available: [String])
  case ambiguousAlias(alias: String, files: [String])
  case noCatalog(folder: String, searched: [String])
  case illegalTensorParallel(degree: UInt64, legal: [UInt64], model: String)
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
  public let name: String
  /// nil where no file could state it.
  public let key: String?
  public let option: String?
  /// Beside absence, a reason why the fact does not exist ("no fp8 tensor cores").
  public let reason: String?

  public init(name: String, key: String?, option: String?, reason: String? = nil) {
    self.name = name
    self.key = key
    self.option = option
    self.reason = reason
  }
}
