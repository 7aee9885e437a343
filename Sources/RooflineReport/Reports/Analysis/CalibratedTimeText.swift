import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// What people are told about times that are not ideal.
struct CalibratedTimeText {
  let time: CalibratedTime

  /// Behind the heading: `calibrated times of one device (serving, graph launches)`.
  var heading: String {
    let tier = time.correction == nil ? "calibrated" : "anchored"
    let conditions = time.options.conditions
    return "\(tier) times of one device (\(conditions.cache.rawValue), \(conditions.launch.rawValue) launches)"
  }

  /// A line an entry in use: its kernels, its file, its error.
  func sources(_ analysis: Analysis) -> [String] {
    var lines: [String] = []
    for phase in analysis.phases {
      for timed in phase.timedRows(by: time).compactMap({ $0 }) {
        let line = "times    \(CalibratedTimeText.source(timed.found, time))"
        if !lines.contains(line) { lines.append(line) }
      }
    }
    return lines
  }

  /// The same, and the passes' intervals.
  func lines(_ analysis: Analysis) -> [String] {
    var lines = sources(analysis)
    for phase in analysis.phases {
      guard let range = phase.interval(by: time) else { continue }
      let share = Numbers.fixed(time.options.interval * 100, decimals: 0)
      lines.append(
        "interval \(phase.step.name): \(Numbers.time(range.low)) to \(Numbers.time(range.high)) if every row errs alike, each within its \(share) % interval"
      )
    }
    return lines
  }

  /// Where an entry is from and how good it is.
  static func source(_ found: CalibrationSet.Found, _ time: CalibratedTime) -> String {
    let key = found.entry.key
    let layer = time.set.layers.first { $0.entries.contains { $0.key == key } }
    let kernel = [
      key.kind.rawValue, key.family.name, key.phase?.rawValue, key.operation?.rawValue, key.format?.rawValue,
    ]
    .compactMap { $0 }
    let error =
      found.entry.heldOut.map { errors in
        let place =
          found.otherHeadDim.map { "head dim \($0), more on this one" }
          ?? found.borrowedFrom.map { "shapes left out on \($0), more on this GPU" } ?? "shapes left out"
        return ", error \(Numbers.percent(errors.mape)) % on \(place)"
      } ?? ""
    return
      "\(kernel.joined(separator: " ")): \(layer?.path ?? "") of \(layer?.date ?? ""), \(found.entry.fit.rows) rows\(error)"
  }
}

/// A time's parts and range as JSON.
struct CalibratedTimeEntry: Encodable {
  struct Part: Encodable {
    let name: String
    let seconds: Double
  }

  let idealTimeSeconds: Double?
  let basis: String
  let family: String?
  /// Low and high end; null where there is no telling.
  @Nullable var intervalSeconds: [Double]?
  let parts: [Part]

  /// nil where times are ideal.
  init?(_ prediction: OperatorPrediction, ideal: OperatorPrediction, timed: TimedRow?, time: CalibratedTime?) {
    guard let time else { return nil }
    idealTimeSeconds = ideal.time?.value
    basis = prediction.basis.rawValue
    family = timed?.found.entry.key.family.name
    intervalSeconds = prediction.time.flatMap { own in
      timed?.interval(prediction, by: time).map { [own.value * $0.lowerBound, own.value * $0.upperBound] }
    }
    parts = TimePart.list(prediction, timed: timed).map {
      Part(name: $0.name.rawValue, seconds: $0.seconds)
    }
  }
}

extension TimePart {
  /// The parts of a row's time, which add up to it: the kernel's own, then what observations or the clamp change.
  static func list(_ prediction: OperatorPrediction, timed: TimedRow?) -> [TimePart] {
    guard let timed, let time = prediction.time, prediction.basis != .uncalibrated else {
      return prediction.time.map { [TimePart(.roof, seconds: $0.value)] } ?? []
    }
    var parts = timed.parts
    let rest = time.value - parts.reduce(0) { $0 + $1.seconds }
    switch prediction.basis {
    case .clamped: parts.append(TimePart(.clamp, seconds: rest))
    case .anchored: parts.append(TimePart(.observed, seconds: rest))
    case .ideal, .calibrated, .uncalibrated: break
    }
    return parts
  }
}
