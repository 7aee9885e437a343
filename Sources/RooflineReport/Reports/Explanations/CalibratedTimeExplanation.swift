import RooflineCore
import RooflineTimeModels

/// A calibrated time, part by part: what each adds, which constants it is from, and the range it lies in.
struct CalibratedTimeExplanation {
  let prediction: OperatorPrediction
  let timed: TimedRow?
  let time: CalibratedTime

  var entries: [OperatorExplanation.Entry] {
    let own = prediction.time
    guard let timed, let own, prediction.basis != .uncalibrated else {
      return [
        .init(
          quantity: "timeSeconds", symbolic: "ideal", substituted: Numbers.exact(own?.value),
          value: Numbers.exact(own?.value), unit: "s",
          source: "no calibration has constants for such a kernel; the ideal time is a lower bound")
      ]
    }
    let parts = TimePart.list(prediction, timed: timed)
    let choices = timed.choices.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    var entries = parts.enumerated().map { index, part in
      OperatorExplanation.Entry(
        quantity: "parts.\(part.name.rawValue)",
        symbolic: index == 0 ? "\(part.name.rawValue)" : "time with \(part.name.rawValue) − time before",
        substituted: Numbers.time(Seconds(abs(part.seconds))),
        value: "\(part.seconds)", unit: "s", source: part.name.meaning)
    }
    let constants = timed.found.entry.constants.named.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    let borrowed =
      (timed.found.borrowedFrom.map { "; borrowed from \($0)" } ?? "")
      + (timed.found.otherHeadDim.map { "; constants of head dim \($0)" } ?? "")
    entries.append(
      .init(
        quantity: "timeSeconds", symbolic: parts.map(\.name.rawValue).joined(separator: " + "),
        substituted: parts.map { "\($0.seconds)" }.joined(separator: " + "), value: "\(own.value)",
        unit: "s",
        source:
          "\(choices.isEmpty ? "" : choices + "; ")constants \(constants); \(CalibratedTimeText.source(timed.found, time))\(borrowed)"
      ))
    if let factors = timed.interval(prediction, by: time) {
      let share = Numbers.fixed(time.options.interval * 100, decimals: 0)
      for (name, factor) in [("low", factors.lowerBound), ("high", factors.upperBound)] {
        entries.append(
          .init(
            quantity: "interval.\(name)", symbolic: "time × factor", substituted: "\(own.value) × \(factor)",
            value: "\(own.value * factor)", unit: "s",
            source: "\(share) % of measurements of such kernels, each left out while fitting, lie between low and high")
        )
      }
    }
    return entries
  }
}

extension TimePart.Name {
  /// What a part is, for `explain`.
  var meaning: String {
    switch self {
    case .roof: "the slower of tensor cores and memory at the datasheet's rates"
    case .fixed: "launch, drain and what else every call pays"
    case .waves: "waves of CTAs: a last one that is not full, filling and emptying each"
    case .tile: "small tiles, and padding to whole ones"
    case .rate: "the share of the datasheet's rate that kernels reach"
    case .sag: "the clock under sustained load"
    case .l2: "L2 to the SMs"
    case .dram: "the share of the bandwidth that is reached; below 0 where tensors stay in L2"
    case .split: "splitting a sum over CTAs and adding it up"
    case .exposedExp: "exponentials that tensor cores wait for"
    case .latency: "waiting for memory, one access after another"
    case .steps: "latency of a collective's steps"
    case .quantization: "quantising the input first"
    case .overlap: "units that work at the same time, but not perfectly so"
    case .observed: "what measurements nearby say beyond the constants"
    case .version: "what the engine's version of the kernel takes beyond the one that was measured, or less"
    case .routing: "finding and sorting the experts of each token"
    case .clamp: "raised to the ideal time, which no kernel in serving beats"
    }
  }
}
