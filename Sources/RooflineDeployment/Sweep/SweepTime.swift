import RooflineCore

/// A time of a row that a promise may limit, by the name of its column.
package enum SweepTime: String, Hashable, Sendable, CaseIterable {
  case ttft
  case ttftMedian = "ttft_p50"
  case ttftP99 = "ttft_p99"
  case tpot
  case tpotMedian = "tpot_p50"
  case tpotP99 = "tpot_p99"

  /// Whether it is one of many requests': a batch has none.
  package var isOfLoad: Bool {
    switch self {
    case .ttft, .tpot: false
    case .ttftMedian, .ttftP99, .tpotMedian, .tpotP99: true
    }
  }
}

extension SweepFigures {
  /// nil where it is unknown, or there is none.
  package subscript(time: SweepTime) -> Seconds? {
    switch time {
    case .ttft: timeToFirstToken
    case .ttftMedian: load?.timeToFirstToken.median
    case .ttftP99: load?.timeToFirstToken.p99
    case .tpot: timePerOutputToken
    case .tpotMedian: load?.timePerOutputToken?.median
    case .tpotP99: load?.timePerOutputToken?.p99
    }
  }
}
