import RooflineAnalysis
import RooflineTimeModels

/// How well a GPU's calibrations predict measurements, group by group.
package struct Validation: Sendable {
  /// Measurements of one library, with one error distribution.
  package struct Group: Hashable, Sendable {
    package var kind, family, source: String
    package var phase: String?
    package var dtype: String
    /// `all`, or a part of the group.
    package var regime: String
  }

  package struct Line: Sendable {
    package var group: Group
    package var errors: ErrorStatistics
    /// Share of the measurements inside their interval; nil where there are no intervals.
    package var coverage: Double?
  }

  package var lines: [Line]
  package var skipped: [ObservationFile.Skipped]
  /// GPUs whose constants were borrowed, and other things that the reader should know.
  package var notes: [String]

  /// - Parameters:
  ///   - interval: the share of measurements that an interval is meant to hold.
  package init(
    _ observations: [Observation], predictor: ObservationPredictor, skipped: [ObservationFile.Skipped], interval: Double
  ) {
    var predictor = predictor
    var predicted: [Group: [(predicted: Double, measured: Double, isInside: Bool?)]] = [:]
    var order: [Group] = []
    var reasons: [String: Int] = [:]
    for skip in skipped { reasons[skip.reason, default: 0] += skip.n }
    for observation in observations {
      switch predictor.predict(observation, interval: interval) {
      case .failure(let skip): reasons[skip.reason, default: 0] += 1
      case .success(let prediction):
        let sample = (
          prediction.seconds, observation.seconds, prediction.interval.map { $0.contains(observation.seconds) }
        )
        for regime in ["all"] + observation.value.regimes {
          let group = Group(observation, regime: regime)
          if predicted[group]?.append(sample) == nil {
            predicted[group] = [sample]
            order.append(group)
          }
        }
      }
    }
    lines = order.compactMap { group in
      guard let samples = predicted[group],
        let errors = ErrorStatistics(predicted: samples.map(\.predicted), measured: samples.map(\.measured))
      else { return nil }
      let inside = samples.compactMap(\.isInside)
      return Line(
        group: group, errors: errors,
        coverage: inside.isEmpty ? nil : Double(inside.filter { $0 }.count) / Double(inside.count))
    }.sorted { $0.group < $1.group }
    self.skipped = reasons.sorted { $0.key < $1.key }.map { .init(reason: $0.key, n: $0.value) }
    notes = predictor.notes
  }
}

extension Validation.Group: Comparable {
  init(_ observation: Observation, regime: String) {
    let subject = observation.value.subject
    kind = subject?.kind.rawValue ?? ""
    family = observation.family.name
    source = observation.source
    phase = subject?.phase?.rawValue
    dtype = subject?.format?.rawValue ?? observation.dtype.rawValue
    if let own = subject?.keyValueDType, own != observation.dtype { dtype += "/\(own.rawValue)" }
    self.regime = regime
  }

  private var sortKey: [String] { [kind, family, source, phase ?? "", dtype, regime == "all" ? "" : regime] }

  package static func < (left: Self, right: Self) -> Bool { left.sortKey.lexicographicallyPrecedes(right.sortKey) }
}
