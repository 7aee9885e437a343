import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineServing
import RooflineTimeModels

/// What people are told about an engine's time.
struct EngineText {
  let engine: Engine

  /// What a part of an engine's time is for.
  static func name(_ part: PassOverhead.Part) -> String {
    switch part {
    case .pass: "each pass"
    case .sequences: "each sequence"
    case .ranks: "ranks"
    case .kernels: "between kernels"
    case .logits: "logits"
    case .launches: "launches one by one"
    }
  }

  /// Where the engine's constants are from, and how far whole steps lie from them.
  func lines(_ analysis: Analysis, _ generation: Generation?) -> [String] {
    ["engine   \(engine.path): \(engine.fit.data), \(engine.fit.rows) rows"] + intervals(analysis, generation)
  }

  private func intervals(_ analysis: Analysis, _ generation: Generation?) -> [String] {
    let share = analysis.calibrated?.options.interval ?? 0.9
    // Errors were found beside calibrated kernels.
    guard analysis.calibrated != nil else { return [] }
    func time(_ phase: Phase) -> Seconds? {
      analysis.phases.first { $0.step.phase == phase }.flatMap { analysis.time(of: $0) }
    }
    let times: [(name: String, metric: EngineMetric, time: Seconds?)] = [
      ("TTFT", .timeToFirstToken, generation?.timeToFirstToken ?? time(.prefill)),
      ("TPOT", .timePerOutputToken, generation?.meanTimePerOutputToken ?? time(.decode)),
      ("all tokens", .endToEnd, generation?.totalTime),
    ]
    return times.compactMap { name, metric, time in
      guard let time, let errors = engine.heldOut[metric] else { return nil }
      let factors = errors.factors(at: time.value, share: share)
      let range =
        "\(Numbers.time(Seconds(time.value * factors.lowerBound))) to \(Numbers.time(Seconds(time.value * factors.upperBound)))"
      return
        "interval \(name): \(range) hold \(Numbers.fixed(share * 100, decimals: 0)) % of measurements that were left out of its fit"
    }
  }
}
