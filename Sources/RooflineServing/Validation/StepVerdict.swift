import RooflineCore

/// What a measured row's distance from its prediction says.
package enum StepVerdict: String, Hashable, Sendable, CaseIterable {
  case ok, slower, faster
  /// Faster than the datasheet's rates allow.
  case impossible = "faster than its roof"
}

extension StepPrediction {
  /// - Parameter tolerance: the error that is no news, a share.
  package func verdict(tolerance: Double) -> StepVerdict {
    // A throughput is more where a time is less.
    let sign = measurement.metric == .tokensPerSecond ? -1.0 : 1
    if let roof, sign * (measurement.value / roof - 1) < -StepPrediction.roofMargin { return .impossible }
    guard abs(error) > tolerance else { return .ok }
    return sign * error > 0 ? .faster : .slower
  }

  /// Clocks and rounding may come so far below a roof.
  private static let roofMargin = 0.05

  /// Where to look, likeliest first, in words; nothing where all is well.
  package func suspects(tolerance: Double) -> [String] {
    let row = measurement
    switch verdict(tolerance: tolerance) {
    case .ok: return []
    case .impossible:
      return [
        "another GPU, format or number of GPUs than stated", "tokens counted otherwise (tok=, per=)",
        "generation that ended early",
      ]
    case .faster:
      var suspects: [String] = []
      if engine == nil { suspects.append("no engine's file: kernels of another library than the calibration's first") }
      if row.conditions.regime == .closedLoop {
        suspects += ["prompts of others that were cached, or shorter than stated", "speculative decoding"]
      }
      return suspects + ["narrower weights or cache than stated"]
    case .slower:
      var suspects: [String] = []
      if engine == nil { suspects.append("no engine's file: what the engine adds to kernels is missing") }
      if row.conditions.regime == .closedLoop, row.metric == .timeToFirstToken {
        suspects.append("requests that begin together and wait for each other's prompts")
      }
      if row.tensorParallel > 1 { suspects.append("a slower link between the GPUs than the datasheet's") }
      if row.batch > 1, row.conditions.regime != .forward {
        suspects.append("sequences that wait for memory, or for --max-num-seqs")
      }
      return suspects + ["clocks below the datasheet's", "kernels launched one by one"]
    }
  }
}
