import RooflineCore

extension ServiceLevel.Miss {
  /// Why a configuration is not chosen, in a few words.
  package var sentence: String {
    switch self {
    case .impossible(let reason): "not possible: \(reason?.sentence ?? "unknown")"
    case .memory(let needed?, let capacity?):
      "does not fit: \(Self.gigabytes(needed.value)) of \(Self.gigabytes(capacity)) GB"
    case .memory: "whether it fits is not known"
    case .timeToFirstToken(let time, let limit):
      "TTFT \(time.map(Numbers.time) ?? "unknown"), above \(Numbers.time(limit))"
    case .timePerOutputToken(let time, let limit):
      "TPOT \(time.map(Numbers.time) ?? "unknown"), above \(Numbers.time(limit))"
    case .moreDevices(let own, let best): "\(own) GPUs, not \(best)"
    case .smallerBatch(let own, let best): "as many GPUs, batch \(own), not \(best)"
    case .fewerTokens(let own, let best):
      "as many GPUs and sequences, \(Self.rate(own)) tokens/s a GPU, not \(Self.rate(best))"
    }
  }

  private static func gigabytes(_ bytes: UInt64) -> String { Numbers.fixed(Double(bytes) / 1e9, decimals: 2) }
  private static func rate(_ rate: Double?) -> String { rate.map { Numbers.fixed($0, decimals: 2) } ?? "unknown" }
}

extension ServiceLevel {
  /// `TTFT ≤ 500.00 ms, TPOT ≤ 50.00 ms`.
  package var sentence: String {
    [
      timeToFirstToken.map { "TTFT ≤ \(Numbers.time($0))" }, timePerOutputToken.map { "TPOT ≤ \(Numbers.time($0))" },
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
