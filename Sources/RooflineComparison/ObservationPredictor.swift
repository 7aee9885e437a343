import RooflineCore

/// Predicts measured kernels, as they were measured: copies as given, attention warm.
public struct ObservationPredictor: Sendable {
  public struct Prediction: Hashable, Sendable {
    public var microseconds: Double
    /// Where a share of such measurements lies.
    public var interval: ClosedRange<Double>?
  }

  public struct Skip: Error, Hashable, Sendable {
    public let reason: String
  }

  public let calibrations: CalibrationSet
  public let residency: Residency?
  /// Which times are predicted.
  public let tier: Tier

  public enum Tier: Sendable {
    case ideal(RateOptions)
    case calibrated
    /// Corrected by these observations; each observation's own group of shapes is left out.
    case anchored(Anchors)
  }

  private var models: [Calibration.Key: CalibrationSet.Found?] = [:]
  private var remarks: Set<String> = []

  /// - Parameter residency: instead of what the benchmark says of itself.
  public init(_ calibrations: CalibrationSet, residency: Residency? = nil, tier: Tier = .calibrated) {
    self.calibrations = calibrations
    self.residency = residency
    self.tier = tier
  }

  public var notes: [String] {
    guard case .anchored(let anchors) = tier else { return remarks.sorted() }
    return remarks.sorted() + anchors.remarks
  }

  public mutating func predict(_ observation: Observation, interval: Double) -> Result<Prediction, Skip> {
    let kernel = residency.map { observation.kernel.with($0) } ?? observation.kernel
    if case .ideal(let options) = tier {
      guard let time = IdealKernelTime.microseconds(kernel, calibrations.hardware, options) else {
        return .failure(
          Skip(
            reason: kernel.isBeyondCounts
              ? "no ideal time: a count above 2^63 − 1" : "no ideal time: the hardware file lacks a rate"))
      }
      return .success(Prediction(microseconds: time, interval: nil))
    }
    guard let found = found(kernel, of: observation) else {
      let key = key(kernel, of: observation)
      let op = key.operation.map { " \($0.rawValue)" } ?? key.phase.map { " \($0.rawValue)" } ?? ""
      let formats = key.keyValueDType.map { "\(key.dtype.rawValue)/\($0.rawValue)" } ?? key.dtype.rawValue
      return .failure(
        Skip(
          reason:
            "no constants for \(key.kind.rawValue)\(op) of \(key.family), \(formats)\(key.launch == .eager ? ", launched eagerly" : "")"
        ))
    }
    var time = found.model.microseconds(kernel)
    guard time.isFinite, time > 0 else { return .failure(Skip(reason: "outside what the model describes")) }
    var factors = found.heldOut?.factors(at: time, share: interval)
    if case .anchored(let anchors) = tier, let left = anchors.leftOut(observation, share: interval) {
      time *= left.factor
      factors = left.interval
    }
    // No kernel in serving beats its roof, whatever the constants say.
    if residency == .serving, let ideal = IdealKernelTime.microseconds(kernel, calibrations.hardware, RateOptions()),
      time < ideal
    {
      time = ideal
      factors = nil
    }
    guard time.isFinite, time > 0, factors.map({ (time * $0.upperBound).isFinite }) ?? true else {
      return .failure(Skip(reason: "outside what the model describes"))
    }
    return .success(
      Prediction(microseconds: time, interval: factors.map { time * $0.lowerBound...time * $0.upperBound }))
  }

  /// The entry for a kernel as it was measured, looked up once a kind of them; what a reader should know of it is noted.
  mutating func found(_ kernel: TimedKernel, of observation: Observation) -> CalibrationSet.Found? {
    let key = key(kernel, of: observation)
    if let known = models[key] { return known }
    let found =
      calibrations.find(kernel, family: key.family, launch: key.launch)
      ?? calibrations.standIn(kernel, family: key.family)
    models[key] = .some(found)
    if let standIn = found?.standIn {
      remarks.insert("constants of \(standIn.rawValue) for \(key.operation?.rawValue ?? key.kind.rawValue)")
    }
    let names = KernelFamily.names(of: key.family)
    if let own = names.first, let other = found?.entry.key.family, own != other {
      remarks.insert("constants of \(other) for the kernels of \(key.family)")
    }
    if let from = found?.borrowedFrom {
      remarks.insert("constants of \(from) for \(key.kind.rawValue) \(key.family)")
    }
    if let headDim = found?.otherHeadDim {
      remarks.insert(
        "\(key.family) \(key.phase?.rawValue ?? ""): constants of head dim \(headDim) for \(key.headDim ?? 0)")
    }
    return found
  }

  private func key(_ kernel: TimedKernel, of observation: Observation) -> Calibration.Key {
    Calibration.Key(
      kernel, family: observation.family, launch: Launch(timing: observation.timing),
      processors: calibrations.facts.streamingMultiprocessors)
  }
}
