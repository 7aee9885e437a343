/// Times of a run's kernels from the calibrations of its GPU: the entries are looked up once, the kernels of every row after that are
/// arithmetic.
public final class CalibratedTime: Sendable {
  /// What a run says about its kernels.
  public struct Options: Hashable, Sendable {
    public var residency = Residency.serving
    public var launch = Launch.graph
    /// The library of a kind, where it is not the calibration's first.
    public var families: [TimedKernel.Kind: String] = [:]
    /// The share of measurements that an interval holds.
    public var interval = 0.9

    public init() {}
  }

  public let set: CalibrationSet
  public let options: Options
  /// Observations near a kernel that correct its time; nil: calibrated times stand as they are.
  public let correction: (any TimeCorrection)?
  private let gemm: CalibrationSet.Found?
  /// Of every attention that the model's layers have.
  private let attentions: [AttentionEntries]
  private let rows, collectives: [(operation: OperatorKind, found: CalibrationSet.Found)]

  /// What decides, beside formats, which entry an attention kernel belongs to.
  public struct AttentionKind: Hashable, Sendable {
    public let headDim: UInt64
    /// Whether it has a sliding window.
    public let isWindowed: Bool

    public init(headDim: UInt64, isWindowed: Bool) {
      self.headDim = headDim
      self.isWindowed = isWindowed
    }
  }

  /// - Parameters:
  ///   - formats: of the model's run.
  ///   - attentions: of the model's layers, each once; a kernel of another has no time.
  public init(
    _ set: CalibrationSet, formats: NumberFormats, attentions: [AttentionKind], options: Options,
    correction: (any TimeCorrection)? = nil
  ) {
    self.set = set
    self.options = options
    self.correction = correction
    let search = Search(set: set, options: options)
    gemm =
      formats.weight.bits == formats.activation.bits
      ? search.find(TimedKernel(.gemm(.init(m: 1, n: 1, k: 1, copies: 1)), dtype: formats.activation)) : nil
    self.attentions = attentions.map { AttentionEntries($0, formats, search) }
    rows = RowOperation.allCases.compactMap { operation in
      search.find(TimedKernel(.row(.init(operation.kind, rows: 1, width: 1)), dtype: formats.residual))
        .map { (operation.kind, $0) }
    }
    collectives = CollectivePattern.allCases.compactMap { pattern in
      search.find(TimedKernel(.collective(.init(pattern.kind, ranks: 2, bytes: 1)), dtype: .bf16))
        .map { (pattern.kind, $0) }
    }
  }

  /// The entry that predicts a kernel; nil where there is none.
  @inline(__always)
  public func found(_ kernel: TimedKernel) -> CalibrationSet.Found? {
    switch kernel.shape {
    case .gemm: gemm
    case .prefill(let call): attentions.first { $0.isOf(call) }?.prefill
    case .decode(let call):
      attentions.first { $0.isOf(call) }?.decode(call, processors: set.facts.streamingMultiprocessors)
    case .row(let call): rows.first { $0.operation == call.operation }?.found
    case .collective(let call): collectives.first { $0.operation == call.operation }?.found
    }
  }

  /// The operator's time in place of its ideal one, where a calibration has constants for its kernel.
  ///
  /// In serving no kernel beats its ideal time: where the constants say so, the ideal stands and the basis says `clamped`.
  func timed(_ value: Operator<Count>, ideal: OperatorPrediction) -> OperatorPrediction {
    timed(TimedKernel(value, residency: options.residency), ideal: ideal)
  }

  /// - Parameter kernel: nil for an operator that no measured kernel stands for.
  @inline(__always)
  func timed(_ kernel: TimedKernel?, ideal: OperatorPrediction) -> OperatorPrediction {
    var prediction = ideal
    prediction.basis = .uncalibrated
    // Without an ideal time a fact is missing, e.g. a link that joins so many GPUs: no constants make up for that.
    guard let kernel, !ideal.seconds.isNaN, let found = found(kernel) else { return prediction }
    var timing = found.model.timing(kernel)
    guard timing.microseconds.isFinite, timing.microseconds > 0 else { return prediction }
    prediction.basis = .calibrated
    if let correction,
      let factor = correction.factor(kernel, family: found.entry.key.family, microseconds: timing.microseconds)
    {
      timing.microseconds *= factor
      prediction.basis = .anchored
    }
    let seconds = timing.microseconds * 1e-6
    if options.residency == .serving, seconds < ideal.seconds {
      prediction.basis = .clamped
      return prediction
    }
    prediction.seconds = seconds
    if timing.exposed * 2 > timing.microseconds { prediction.bound = .latency }
    return prediction
  }
}

/// What an operator's time stands on.
public enum TimeBasis: String, Hashable, Sendable, CaseIterable {
  /// Datasheet rates.
  case ideal
  /// Fitted constants.
  case calibrated
  /// Fitted constants, corrected by observations near it.
  case anchored
  /// The ideal time, because fitted constants say less, which is impossible in serving.
  case clamped
  /// The ideal time, because nobody has constants for such a kernel.
  case uncalibrated
}

/// A correction of calibrated times by observations.
public protocol TimeCorrection: Sendable {
  /// What a reader should know of the observations; a sentence each.
  var remarks: [String] { get }

  /// What to multiply a kernel's calibrated time by; nil where nothing is near it.
  func factor(_ kernel: TimedKernel, family: String, microseconds: Double) -> Double?

  /// Factors on the corrected time between which a share of measurements lies; nil where there is no telling.
  func interval(_ kernel: TimedKernel, family: String, share: Double) -> ClosedRange<Double>?
}
