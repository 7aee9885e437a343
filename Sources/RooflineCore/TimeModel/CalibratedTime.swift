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
  private let gemm, prefill: CalibrationSet.Found?
  private let decode: [CalibrationSet.Found?]
  private let rows: [RowOperation: CalibrationSet.Found]
  private let collectives: [OperatorKind: CalibrationSet.Found]
  private let decodeFamily: String

  /// - Parameters:
  ///   - formats: of the model's run.
  ///   - headDim: of the model's attention.
  ///   - isWindowed: whether its attention has a sliding window.
  public init(
    _ set: CalibrationSet, formats: NumberFormats, headDim: UInt64, isWindowed: Bool, options: Options,
    correction: (any TimeCorrection)? = nil
  ) {
    self.set = set
    self.options = options
    self.correction = correction
    func find(
      _ kernel: TimedKernel, variant: AttentionVariant? = nil, family: String? = nil
    ) -> CalibrationSet.Found? {
      let family = family ?? options.families[kernel.kind]
      if options.launch == .eager,
        let eager = set.find(kernel, family: family, launch: .eager, variant: variant)
      {
        return eager
      }
      return set.find(kernel, family: family, variant: variant) ?? set.standIn(kernel, family: family)
    }
    let call = AttentionCall(
      batch: 1, query: 2, context: 2, heads: 1, keyValueHeads: 1, headDim: Double(headDim),
      window: isWindowed ? 1 : 0)
    func attention(_ shape: TimedKernel.Shape) -> TimedKernel {
      TimedKernel(shape, dtype: formats.residual, keyValueDType: formats.keyValueCache)
    }
    gemm =
      formats.weight.bits == formats.activation.bits
      ? find(TimedKernel(.gemm(.init(m: 1, n: 1, k: 1, copies: 1)), dtype: formats.activation)) : nil
    prefill = find(attention(.prefill(call)))
    // One library for all decode steps: the one that serves a usual call. Asked for a variant that it does not have, another GPU's
    // library would answer.
    var usual = call
    usual.heads = 8
    let variants = AttentionVariant.allCases
    let library =
      (find(attention(.decode(usual))) ?? find(attention(.decode(call)))
      ?? variants.lazy.compactMap { find(attention(.decode(call)), variant: $0) }.first)?.entry.key.family
    decodeFamily = library ?? ""
    decode = variants.map { variant in
      library.flatMap { find(attention(.decode(call)), variant: variant, family: $0) }
    }
    rows = Dictionary(
      uniqueKeysWithValues: RowOperation.allCases.compactMap { operation in
        find(TimedKernel(.row(.init(operation.kind, rows: 1, width: 1)), dtype: formats.residual))
          .map { (operation, $0) }
      })
    collectives = Dictionary(
      uniqueKeysWithValues: CollectiveCall.operations.compactMap { kind in
        find(TimedKernel(.collective(.init(kind, ranks: 2, bytes: 1)), dtype: .bf16)).map { (kind, $0) }
      })
  }

  /// The entry that predicts a kernel; nil where there is none.
  @inline(__always)
  public func found(_ kernel: TimedKernel) -> CalibrationSet.Found? {
    switch kernel.shape {
    case .gemm: gemm
    case .prefill: prefill
    case .decode(let call):
      decode[
        AttentionVariant(
          family: decodeFamily, call: call, processors: set.facts.streamingMultiprocessors
        ).index]
    case .row(let call): RowOperation(call.operation).flatMap { rows[$0] }
    case .collective(let call): collectives[call.operation]
    }
  }

  /// The operator's time in place of its ideal one, where a calibration has constants for its kernel.
  ///
  /// In serving no kernel beats its ideal time: where the constants say so, the ideal stands and the basis says `clamped`.
  @inline(__always)
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

extension AttentionVariant {
  var index: Int {
    switch self {
    case .grouped: 0
    case .ungrouped: 1
    case .tensorCores: 2
    case .fewHeads: 3
    case .xqa: 4
    case .masked: 5
    }
  }
}

/// How a run wants its times, before its model is known.
public struct TimeRequest: Sendable {
  public let set: CalibrationSet
  public let options: CalibratedTime.Options
  public let correction: (any TimeCorrection)?

  public init(_ set: CalibrationSet, options: CalibratedTime.Options, correction: (any TimeCorrection)? = nil) {
    self.set = set
    self.options = options
    self.correction = correction
  }

  /// The times of a model's run.
  public func time(of model: DecoderModel, formats: NumberFormats) -> CalibratedTime {
    CalibratedTime(
      set, formats: formats, headDim: model.groups.lazy.compactMap { $0.mixer?.groupedQuery?.headDim }.first ?? 128,
      isWindowed: model.groups.contains { $0.mixer?.groupedQuery?.window != nil }, options: options,
      correction: correction)
  }
}
