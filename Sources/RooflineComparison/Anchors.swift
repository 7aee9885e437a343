import RooflineCore

/// Observations that correct calibrated times: a kernel errs as its neighbours did.
///
/// The correction of a kernel is the weighted mean of ln(measured/calibrated) over its 8 nearest observations of the same library,
/// operator, formats, head dim and window, shrunk to the median of them all. How much it shrinks is what predicts groups of shapes best
/// that are left out. Far from every observation the correction fades, and the time is the calibrated one again. Source: time-model.md,
/// "Anchored".
public struct Anchors: TimeCorrection {
  /// Observations that may speak for one another.
  struct Key: Hashable {
    let entry: Calibration.Key
    let window: Double
  }

  private let neighbourhoods: [Key: Neighbourhood]
  private let set: CalibrationSet

  /// - Parameter set: the calibrations whose times are corrected. Observations that they cannot predict say nothing.
  public init(_ observations: [Observation], set: CalibrationSet) {
    self.set = set
    var predictor = ObservationPredictor(set)
    var rows: [Key: [(Observation, Double)]] = [:]
    for observation in observations {
      guard case .success(let prediction) = predictor.predict(observation, interval: 0.9),
        let key = Anchors.key(
          observation.kernel, family: observation.family, launch: Launch(timing: observation.timing), set)
      else { continue }
      rows[key, default: []].append((observation, prediction.microseconds))
    }
    neighbourhoods = rows.mapValues { rows in
      let consensus = rows.filter { $0.0.source == "consensus" }
      return Neighbourhood(
        (consensus.isEmpty ? rows : consensus).map { observation, predicted in
          Neighbourhood.Sample(
            point: Neighbourhood.point(observation.kernel),
            residual: RobustFit.logarithm(observation.microseconds / predicted), group: observation.shapeGroup)
        })
    }
  }

  public func factor(_ kernel: TimedKernel, family: String, microseconds: Double) -> Double? {
    guard let key = Anchors.key(kernel, family: family, launch: .graph, set), let own = neighbourhoods[key] else {
      return nil
    }
    return own.correction(at: Neighbourhood.point(kernel), without: nil).factor
  }

  public func interval(_ kernel: TimedKernel, family: String, share: Double) -> ClosedRange<Double>? {
    guard let key = Anchors.key(kernel, family: family, launch: .graph, set), let own = neighbourhoods[key] else {
      return nil
    }
    return own.interval(at: Neighbourhood.point(kernel), without: nil, share: share)
  }

  /// What the others say of an observation when its own group of shapes is left out.
  func leftOut(_ observation: Observation, share: Double) -> (factor: Double, interval: ClosedRange<Double>)? {
    guard
      let key = Anchors.key(
        observation.kernel, family: observation.family, launch: Launch(timing: observation.timing), set),
      let own = neighbourhoods[key]
    else { return nil }
    let point = Neighbourhood.point(observation.kernel)
    return (
      own.correction(at: point, without: observation.shapeGroup).factor,
      own.interval(at: point, without: observation.shapeGroup, share: share)
    )
  }

  private static func key(
    _ kernel: TimedKernel, family: String, launch: Launch, _ set: CalibrationSet
  ) -> Key? {
    let name = KernelFamily.names(of: family).first ?? family
    var entry = Calibration.Key(
      kernel, family: name, launch: launch, processors: set.facts.streamingMultiprocessors)
    // Libraries' variants err alike or not: distance decides, not the kernel's name.
    entry.variant = nil
    // The two 16-bit formats take the same time.
    if entry.dtype == .fp16 { entry.dtype = .bf16 }
    if entry.keyValueDType == .fp16 { entry.keyValueDType = .bf16 }
    let window: Double =
      switch kernel.shape {
      case .prefill(let call), .decode(let call): call.window
      default: 0
      }
    return Key(entry: entry, window: window)
  }
}
