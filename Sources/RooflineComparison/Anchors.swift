import RooflineCore

/// Observations that correct calibrated times: a kernel errs as its neighbours did.
///
/// The correction of a kernel is the weighted mean of ln(measured/calibrated) over its 8 nearest observations of the same library,
/// operator, formats, head dim and window, shrunk to the median of them all. How much it shrinks is what predicts groups of shapes best
/// that are left out. Far from every observation the correction fades, and the time is the calibrated one again. Source: TimeModels.md,
/// "Anchors".
public struct Anchors: TimeCorrection {
  /// Observations that may speak for one another.
  struct Key: Hashable {
    let entry: Calibration.Key
    let window: Double
  }

  private let neighbourhoods: [Key: Neighbourhood]
  private let set: CalibrationSet
  /// Observations that must be accidents, and rows that were there already; a sentence each.
  public let remarks: [String]

  /// - Parameter set: the calibrations whose times are corrected. Observations that they cannot predict say nothing.
  public init(_ files: [ObservationFile], set: CalibrationSet) {
    self.init(
      files.flatMap { file in file.observations.map { ($0, "\(file.path): \(file.place(of: $0))") } }, set,
      files.flatMap(\.warnings))
  }

  public init(_ observations: [Observation], set: CalibrationSet) {
    self.init(observations.map { ($0, "line \($0.line)") }, set, [])
  }

  private init(_ observations: [(Observation, place: String)], _ set: CalibrationSet, _ warnings: [String]) {
    self.set = set
    var predictor = ObservationPredictor(set)
    var rows: [Key: [(observation: Observation, place: String, sample: Neighbourhood.Sample)]] = [:]
    var order: [Key] = []
    for (observation, place) in observations {
      guard case .success(let prediction) = predictor.predict(observation, interval: 0.9),
        let key = Anchors.key(
          observation.kernel, family: observation.family, launch: Launch(timing: observation.timing), set)
      else { continue }
      let sample = Neighbourhood.Sample(
        point: Neighbourhood.point(observation.kernel),
        residual: RobustFit.logarithm(observation.microseconds / prediction.microseconds),
        group: observation.shapeGroup)
      if rows[key]?.append((observation, place, sample)) == nil {
        rows[key] = [(observation, place, sample)]
        order.append(key)
      }
    }
    var neighbourhoods: [Key: Neighbourhood] = [:]
    var accidents: [String] = []
    for key in order {
      let all = rows[key] ?? []
      let consensus = all.filter { $0.observation.source == "consensus" }
      let own = consensus.isEmpty ? all : consensus
      let ignored = Neighbourhood.accidents(own.map(\.sample))
      accidents += ignored.sorted().map { index in
        "\(own[index].place) anchors nothing: its \(own[index].observation.microseconds) µs are \(Anchors.ratio(own[index].sample.residual)) predicted"
      }
      let trusted = own.indices.filter { !ignored.contains($0) }
      if !trusted.isEmpty { neighbourhoods[key] = Neighbourhood(trusted.map { own[$0].sample }) }
    }
    self.neighbourhoods = neighbourhoods
    let most = Anchors.mostRemarks
    remarks =
      warnings + accidents.prefix(most)
      + (accidents.count > most ? ["and \(accidents.count - most) more measurements anchor nothing"] : [])
  }

  private static let mostRemarks = 5

  /// How far from its prediction a measurement lies, in words.
  private static func ratio(_ residual: Double) -> String {
    let factor = RobustFit.exponential(abs(residual))
    let size = factor < 1000 ? "\((factor * 10).rounded() / 10)" : "over 1000"
    return residual > 0 ? "\(size) times the time" : "\(size) times less than the time"
  }

  public func factor(_ kernel: TimedKernel, family: String, microseconds: Double) -> Double? {
    statement(kernel, family: family, share: 0.9)?.factor
  }

  public func interval(_ kernel: TimedKernel, family: String, share: Double) -> ClosedRange<Double>? {
    statement(kernel, family: family, share: share)?.interval
  }

  private func statement(_ kernel: TimedKernel, family: String, share: Double) -> Neighbourhood.Statement? {
    guard let key = Anchors.key(kernel, family: family, launch: .graph, set), let own = neighbourhoods[key] else {
      return nil
    }
    return own.statement(at: Neighbourhood.point(kernel), without: nil, share: share)
  }

  /// What the others say of an observation when its own group of shapes is left out.
  func leftOut(_ observation: Observation, share: Double) -> Neighbourhood.Statement? {
    guard
      let key = Anchors.key(
        observation.kernel, family: observation.family, launch: Launch(timing: observation.timing), set),
      let own = neighbourhoods[key]
    else { return nil }
    return own.statement(
      at: Neighbourhood.point(observation.kernel), without: observation.shapeGroup, share: share)
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
      case .gemm, .row, .collective: 0
      }
    return Key(entry: entry, window: window)
  }
}
