import RooflineCore
import RooflineDeployment

extension ServiceLevel.Miss {
  /// Why a configuration is not chosen, in a few words.
  package var sentence: String {
    switch self {
    case .impossible(let reason): "not possible: \(reason?.sentence ?? "unknown")"
    case .memory(let needed?, let capacity?):
      "does not fit: \(Self.gigabytes(needed.value)) of \(Self.gigabytes(capacity)) GB"
    case .memory: "whether it fits is not known"
    case .time(let time, let seconds, let limit):
      "\(time.title) \(seconds.map(Numbers.time) ?? "unknown"), above \(Numbers.time(limit))"
    case .growingQueue: "more requests come than end"
    case .moreDevices(let own, let best): "\(own) GPUs, not \(best)"
    case .smallerBatch(let own, let best): "as many GPUs, batch \(own), not \(best)"
    case .smallerLoad(let own, let best): "as many GPUs, \(Self.words(own)), not \(Self.words(best))"
    case .fewerTokens(let own, let best):
      "as many GPUs and sequences, \(Self.rate(own)) tokens/s a GPU, not \(Self.rate(best))"
    }
  }

  private static func gigabytes(_ bytes: UInt64) -> String { Numbers.fixed(Double(bytes) / 1e9, decimals: 2) }
  private static func words(_ load: SweepLoad) -> String {
    switch load {
    case .together(let count): "\(count) request\(count == 1 ? "" : "s") at once"
    case .closed(let count): "\(count) in flight"
    case .open(let rate): "\(Numbers.scaled(rate)) requests/s"
    }
  }
  private static func rate(_ rate: Double?) -> String { rate.map { Numbers.fixed($0, decimals: 2) } ?? "unknown" }
}

extension ServiceLevel {
  /// `TTFT ≤ 500.00 ms, TPOT ≤ 50.00 ms`.
  package var sentence: String {
    promises.map { time, limit in "\(time.title) ≤ \(Numbers.time(limit))" }.joined(separator: ", ")
  }
}

extension SweepTime {
  /// As people write it; of a load, what has no percentile is a mean.
  package var title: String {
    switch self {
    case .ttft: "TTFT"
    case .ttftMedian: "p50 of TTFT"
    case .ttftP99: "p99 of TTFT"
    case .tpot: "TPOT"
    case .tpotMedian: "p50 of TPOT"
    case .tpotP99: "p99 of TPOT"
    }
  }
}
