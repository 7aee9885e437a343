import RooflineCore

/// Requests over time that a replica serves, in place of one batch.
package enum SweepLoad: Hashable, Sendable {
  /// So many at once, and no more.
  case together(UInt64)
  /// So many are in flight all the time.
  case closed(UInt64)
  /// So many a second on average, which come by chance.
  case open(perSecond: Double)

  /// As files name it.
  package var word: String {
    switch self {
    case .together: "static"
    case .closed: "closed"
    case .open: "open"
    }
  }

  /// Requests in flight; nil where they come by chance.
  package var concurrency: UInt64? {
    switch self {
    case .together(let count), .closed(let count): count
    case .open: nil
    }
  }

  /// Requests a second; nil where each waits for another, or all come at once.
  package var arrivals: Double? { if case .open(let rate) = self { rate } else { nil } }

  /// How much is asked for: loads of one sweep are of one kind, and more of this is more work.
  package var size: Double { arrivals ?? Double(concurrency ?? 0) }
}

/// The loads that a sweep goes through, in order.
package enum SweepLoadAxis: Hashable, Sendable {
  /// A batch in place of requests over time.
  case none
  case together(NumberAxis)
  case closed(NumberAxis)
  /// Requests a second.
  case open([Double])

  /// How many there are; saturates. To have none is one way.
  package var count: UInt64 {
    switch self {
    case .none: 1
    case .together(let axis), .closed(let axis): axis.count
    case .open(let rates): UInt64(rates.count)
    }
  }

  /// The load at a place below `count`; nil without one.
  package subscript(place: UInt64) -> SweepLoad? {
    switch self {
    case .none: nil
    case .together(let axis): .together(axis[place])
    case .closed(let axis): .closed(axis[place])
    case .open(let rates): .open(perSecond: rates[Int(place)])
    }
  }
}

/// What a load adds to a row's figures: its TTFT and TPOT there are means over requests.
package struct SweepLoadFigures: Hashable, Sendable {
  /// Percentiles over requests, s. A percentile is the smallest time that so large a share of them does not exceed.
  package struct Spread: Hashable, Sendable {
    package let median, p99: Seconds

    package init(median: Seconds, p99: Seconds) {
      self.median = median
      self.p99 = p99
    }
  }

  package let timeToFirstToken: Spread
  /// nil where each request gets one token.
  package let timePerOutputToken: Spread?
  /// Requests that end in a second, of all replicas.
  package let requestsPerSecond: Double
  /// Generated tokens, of a GPU and of all replicas.
  package let tokensPerSecondPerGPU, tokensPerSecond: Double
  /// Whether requests came faster than they were served: no time is a steady one then.
  package let isQueueGrowing: Bool

  package init(
    timeToFirstToken: Spread, timePerOutputToken: Spread?, requestsPerSecond: Double, tokensPerSecondPerGPU: Double,
    tokensPerSecond: Double, isQueueGrowing: Bool
  ) {
    self.timeToFirstToken = timeToFirstToken
    self.timePerOutputToken = timePerOutputToken
    self.requestsPerSecond = requestsPerSecond
    self.tokensPerSecondPerGPU = tokensPerSecondPerGPU
    self.tokensPerSecond = tokensPerSecond
    self.isQueueGrowing = isQueueGrowing
  }
}
