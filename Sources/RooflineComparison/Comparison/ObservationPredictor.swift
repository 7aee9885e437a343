import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// Predicts measured kernels, as they were measured: copies as given, attention warm.
package struct ObservationPredictor: Sendable {
  package struct Prediction: Hashable, Sendable {
    package var seconds: Double
    /// Where a share of such measurements lies.
    package var interval: ClosedRange<Double>?
  }

  package struct Skip: Error, Hashable, Sendable {
    package let reason: String
  }

  package let calibrations: CalibrationSet
  package let cache: CacheState?
  /// Which times are predicted.
  package let tier: Tier

  package enum Tier: Sendable {
    case ideal(RateOptions)
    case calibrated
    /// Corrected by these observations; each observation's own group of shapes is left out.
    case anchored(Anchors)
  }

  private var models: [Calibration.Key: CalibrationSet.Found?] = [:]
  private var remarks: Set<String> = []

  /// - Parameter cache: instead of what the benchmark says of itself.
  package init(_ calibrations: CalibrationSet, cache: CacheState? = nil, tier: Tier = .calibrated) {
    self.calibrations = calibrations
    self.cache = cache
    self.tier = tier
  }

  package var notes: [String] {
    guard case .anchored(let anchors) = tier else { return remarks.sorted() }
    return remarks.sorted() + anchors.remarks
  }

  package mutating func predict(_ observation: Observation, interval: Double) -> Result<Prediction, Skip> {
    let value = observation.value
    let conditions = cache.map(observation.conditions.with) ?? observation.conditions
    if case .ideal(let options) = tier {
      guard let time = value.idealSeconds(calibrations.hardware, options) else {
        return .failure(
          Skip(
            reason: value.isBeyondCounts
              ? "no ideal time: a count above 2^63 − 1" : "no ideal time: the hardware file lacks a rate"))
      }
      return .success(Prediction(seconds: time, interval: nil))
    }
    guard let key = key(of: observation) else { return .failure(Skip(reason: "no model of \(value.kind.rawValue)")) }
    guard let found = found(observation) else {
      let op = key.operation.map { " \($0.rawValue)" } ?? key.phase.map { " \($0.rawValue)" } ?? ""
      let formats =
        key.keyValueDType.map { "\(key.dtype.rawValue)/\($0.rawValue)" }
        ?? key.format?.rawValue ?? key.dtype.rawValue
      return .failure(
        Skip(
          reason:
            "no constants for \(key.kind.rawValue)\(op) of \(key.family.name), \(formats)\(key.launch == .eager ? ", launched eagerly" : "")"
        ))
    }
    var time = found.model.seconds(of: value, conditions)
    guard time.isFinite, time > 0 else { return .failure(Skip(reason: "outside what the model describes")) }
    var factors = found.heldOut?.factors(at: time, share: interval)
    if case .anchored(let anchors) = tier, let left = anchors.leftOut(observation, share: interval) {
      time *= left.factor
      factors = left.interval
    }
    // No kernel in serving beats its roof, whatever the constants say.
    if cache == .serving, let ideal = value.idealSeconds(calibrations.hardware, RateOptions()), time < ideal {
      time = ideal
      factors = nil
    }
    guard time.isFinite, time > 0, factors.map({ (time * $0.upperBound).isFinite }) ?? true else {
      return .failure(Skip(reason: "outside what the model describes"))
    }
    return .success(
      Prediction(seconds: time, interval: factors.map { time * $0.lowerBound...time * $0.upperBound }))
  }

  /// The entry for a kernel as it was measured, looked up once a kind of them; what a reader should know of it is noted.
  mutating func found(_ observation: Observation) -> CalibrationSet.Found? {
    guard let key = key(of: observation) else { return nil }
    if let known = models[key] { return known }
    let found =
      calibrations.find(observation.value, family: key.family, launch: key.launch)
      ?? calibrations.standIn(observation.value, family: key.family)
    models[key] = .some(found)
    if let standIn = found?.standIn {
      remarks.insert("constants of \(standIn.rawValue) for \(key.operation?.rawValue ?? key.kind.rawValue)")
    }
    if let own = key.family.names.first, let other = found?.entry.key.family, own != other {
      remarks.insert("constants of \(other.name) for the kernels of \(key.family.name)")
    }
    if let from = found?.borrowedFrom {
      remarks.insert("constants of \(from) for \(key.kind.rawValue) \(key.family.name)")
    }
    if let headDim = found?.otherHeadDim {
      remarks.insert(
        "\(key.family.name) \(key.phase?.rawValue ?? ""): constants of head dim \(headDim) for \(key.headDim ?? 0)")
    }
    return found
  }

  private func key(of observation: Observation) -> Calibration.Key? {
    Calibration.Key(
      observation.value, family: observation.family, launch: observation.conditions.launch,
      processors: calibrations.facts.streamingMultiprocessors)
  }
}
