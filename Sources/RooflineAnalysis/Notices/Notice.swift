import RooflineCore

/// Something true of the numbers that is not an error.
public enum Notice: Hashable, Sendable {
  /// More tokens than the model was trained for.
  case beyondMaxPositions(what: String, tokens: UInt64, limit: UInt64)
  /// A rate given for the matrix units that their clock does not allow: usually the one with sparsity.
  case beyondDensePeak(rate: Double, ceiling: Double, derivation: String)
  /// `--peak` where products run in several formats.
  case oneRateForAll(formats: [DType])
  /// GPUs of a replica that no single board holds, at the rate of a board's link.
  case beyondBoard(devices: UInt64, link: String)
  /// The weights of a training step are larger than a device's memory.
  case weightsDoNotFit(bytes: UInt64, capacity: UInt64)
  /// One device's weights, caches and activations are larger than its memory.
  case doesNotFit(bytes: UInt64, capacity: UInt64)
  /// A training step with fewer sequences than devices.
  case lessThanASequence(sequences: UInt64, devices: UInt64)
  /// Times that need these facts are unknown.
  case missingFacts(hardware: String, path: String, facts: [MissingFact])
  /// Scales of formats narrower than 16 bits are not in the bytes.
  case scalesNotCounted([DType])
  /// The checkpoint brings code of its own, which its config.json does not describe.
  case ownCode
  /// The file says in which formats its tensors lie, and the run states others.
  case formatsNotRead(keys: [String])
  /// The model's name says a format that none of its tensors has.
  case nameSaysFormat(name: String, format: String)
  /// Keys of the model's file that nobody knows.
  case unknownKeys([String])
  /// How many of a layer's routed experts a pass touches on all ranks together.
  case expertsTouched(pass: String, expected: Double, bounds: ClosedRange<UInt64>, experts: UInt64, isUniform: Bool)
  /// What a training step does beside its forward and backward pass is not counted.
  case trainingScope(hasIndexers: Bool)
  /// Constants are another GPU's.
  case borrowedConstants(from: String, isSameGeneration: Bool, kernels: [String])
  /// Constants of a family were fitted for another head dim.
  case otherHeadDim(family: String, fitted: Int)
  /// Rows timed by the constants of another operator.
  case standIn(rows: [String], constants: String)
  /// Kernels are launched eagerly, but constants are for graphs.
  case graphConstants(kernels: [String])
  /// Rows whose constants are of eager launches, and the run's are graphs.
  case eagerConstantsOnly(rows: [String])
  /// Rows whose time is ideal because nobody has constants for them.
  case uncalibrated(rows: [String])
  /// What became of measurements that times lean on, in a sentence.
  case observations(String)
  /// Rows whose calibrated time would be below their ideal one.
  case clamped(rows: [String])
}

extension Notice {
  /// The notice about too many tokens, where there are.
  package static func beyond(_ limit: UInt64?, _ what: String, _ tokens: UInt64) -> [Notice] {
    guard let limit, tokens > limit else { return [] }
    return [.beyondMaxPositions(what: what, tokens: tokens, limit: limit)]
  }

  /// The notice about scales, where a format has any.
  package static func scales(of formats: NumberFormats) -> Notice? {
    let used = [formats.weight, formats.activation, formats.keyValueCache]
    let scaled = DType.allCases.filter { $0.usuallyCarriesScales && used.contains($0) }
    return scaled.isEmpty ? nil : .scalesNotCounted(scaled)
  }
}
