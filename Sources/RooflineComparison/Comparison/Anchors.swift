import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// Observations that correct calibrated times: a kernel errs as its neighbours did.
///
/// The correction of a kernel is the weighted mean of ln(measured/calibrated) over its 8 nearest observations of the same library,
/// operator, formats, head dim and window, shrunk to the median of them all. How much it shrinks is what predicts groups of shapes best
/// that are left out. Far from every observation the correction fades, and the time is the calibrated one again. Source: TimeModels.md,
/// "Anchors".
package struct Anchors: TimeCorrection {
  /// Observations that may speak for one another.
  struct Key: Hashable {
    let entry: Calibration.Key
    let window: Count
  }

  private let neighbourhoods: [Key: Neighbourhood]
  private let set: CalibrationSet
  /// Observations that must be accidents, and rows that were there already; a sentence each.
  package let remarks: [String]

  /// - Parameter set: the calibrations whose times are corrected. Observations that they cannot predict say nothing.
  package init(_ files: [ObservationFile], set: CalibrationSet) {
    self.init(
      files.flatMap { file in file.observations.map { ($0, "\(file.path): \(file.place(of: $0))") } }, set,
      files.flatMap(\.warnings))
  }

  package init(_ observations: [Observation], set: CalibrationSet) {
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
          observation.value, family: observation.family, launch: observation.conditions.launch, set),
        let ground = observation.value.place
      else { continue }
      let sample = Neighbourhood.Sample(
        point: ground.point, residual: RobustFit.logarithm(observation.seconds / prediction.seconds),
        group: ground.group)
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

  package func factor(_ value: Operator<Count>, family: KernelLibrary) -> Double? {
    statement(value, family: family, share: 0.9)?.factor
  }

  package func interval(_ value: Operator<Count>, family: KernelLibrary, share: Double) -> ClosedRange<Double>? {
    statement(value, family: family, share: share)?.interval
  }

  private func statement(
    _ value: Operator<Count>, family: KernelLibrary, share: Double
  ) -> Neighbourhood.Statement? {
    guard let key = Anchors.key(value, family: family, launch: .graph, set), let own = neighbourhoods[key],
      let place = value.place
    else { return nil }
    return own.statement(at: place.point, without: nil, share: share)
  }

  /// What the others say of an observation when its own group of shapes is left out.
  func leftOut(_ observation: Observation, share: Double) -> Neighbourhood.Statement? {
    guard
      let key = Anchors.key(
        observation.value, family: observation.family, launch: observation.conditions.launch, set),
      let own = neighbourhoods[key], let place = observation.value.place
    else { return nil }
    return own.statement(at: place.point, without: place.group, share: share)
  }

  private static func key(
    _ value: Operator<Count>, family: KernelLibrary, launch: Launch, _ set: CalibrationSet
  ) -> Key? {
    // Libraries' variants err alike or not: distance decides, not the kernel's name.
    guard var subject = value.subject else { return nil }
    // The two 16-bit formats take the same time.
    if subject.dtype == .fp16 { subject.dtype = .bf16 }
    if subject.keyValueDType == .fp16 { subject.keyValueDType = .bf16 }
    return Key(
      entry: Calibration.Key(subject, family: family.names.first ?? family, launch: launch), window: value.window ?? 0)
  }
}
