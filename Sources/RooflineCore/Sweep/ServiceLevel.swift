/// What users are promised: the longest TTFT and TPOT.
package struct ServiceLevel: Hashable, Sendable {
  /// nil: no limit.
  package var timeToFirstToken, timePerOutputToken: Seconds?

  package init(timeToFirstToken: Seconds? = nil, timePerOutputToken: Seconds? = nil) {
    self.timeToFirstToken = timeToFirstToken
    self.timePerOutputToken = timePerOutputToken
  }

  /// What keeps a configuration from being chosen.
  package enum Miss: Hashable, Sendable {
    case impossible(SweepRow.Reason?)
    /// It does not fit, or nobody knows whether it does.
    case memory(needed: Count?, capacity: UInt64?)
    case timeToFirstToken(Seconds?, limit: Seconds)
    case timePerOutputToken(Seconds?, limit: Seconds)
    /// It keeps the promise, and another does with less: GPUs, then batch, then tokens/s per GPU.
    case moreDevices(UInt64, than: UInt64)
    case smallerBatch(UInt64, than: UInt64)
    case fewerTokens(Double?, than: Double?)
  }

  /// Why a configuration does not keep the promise; nil where it does.
  package func miss(_ row: SweepRow) -> Miss? {
    guard let figures = row.figures else { return .impossible(row.reason) }
    guard figures.fits == true else { return .memory(needed: figures.footprint, capacity: figures.capacity) }
    if let limit = timeToFirstToken {
      guard let time = figures.timeToFirstToken, time <= limit else {
        return .timeToFirstToken(figures.timeToFirstToken, limit: limit)
      }
    }
    if let limit = timePerOutputToken {
      guard let time = figures.timePerOutputToken, time <= limit else {
        return .timePerOutputToken(figures.timePerOutputToken, limit: limit)
      }
    }
    return nil
  }

  /// How far a configuration is from keeping it: 1 is the limit.
  private func excess(_ row: SweepRow) -> Double {
    func ratio(_ time: Seconds?, _ limit: Seconds?) -> Double {
      guard let limit else { return 0 }
      return time.map { $0 / limit } ?? .infinity
    }
    return max(
      ratio(row.figures?.timeToFirstToken, timeToFirstToken),
      ratio(row.figures?.timePerOutputToken, timePerOutputToken))
  }

  /// Of two configurations that keep the promise: whether the first is to be preferred. Fewest GPUs, then the largest batch, then
  /// most tokens/s per GPU.
  package static func isBetter(_ left: SweepRow, than right: SweepRow) -> Bool { loss(right, against: left) != nil }

  /// Why a configuration that keeps the promise is not preferred to another one; nil where it is, or they are alike.
  package static func loss(_ row: SweepRow, against winner: SweepRow) -> Miss? {
    let (own, best) = (row.deployment.devices, winner.deployment.devices)
    if own != best { return own > best ? .moreDevices(own, than: best) : nil }
    if row.point.batch != winner.point.batch {
      return row.point.batch < winner.point.batch ? .smallerBatch(row.point.batch, than: winner.point.batch) : nil
    }
    let (yield, most) = (row.tokensPerSecondPerGPU, winner.tokensPerSecondPerGPU)
    return (yield ?? 0) < (most ?? 0) ? .fewerTokens(yield, than: most) : nil
  }

  /// The best that a deployment does, and where.
  package struct Attempt: Sendable {
    package private(set) var row: SweepRow
    /// The row's number in the grid.
    package private(set) var number: UInt64
    /// nil where it keeps the promise.
    package private(set) var miss: Miss?
    private var excess: Double

    package init(_ row: SweepRow, number: UInt64, _ level: ServiceLevel) {
      self.row = row
      self.number = number
      miss = level.miss(row)
      excess = level.excess(row)
    }

    /// 0: keeps the promise. Then what fits and is too slow, what does not fit, what is not possible.
    private var rank: Int {
      switch miss {
      case nil: 0
      case .timeToFirstToken, .timePerOutputToken: 1
      case .memory: 2
      default: 3
      }
    }

    private func isBetter(than other: Attempt) -> Bool {
      guard rank == other.rank else { return rank < other.rank }
      switch rank {
      case 0: return ServiceLevel.isBetter(row, than: other.row)
      case 1: return excess < other.excess
      case 2:
        return (row.figures?.footprint?.value ?? .max) < (other.row.figures?.footprint?.value ?? .max)
      default: return false
      }
    }

    /// Keeps the better one; of two alike, the first.
    package mutating func add(_ other: Attempt) {
      if other.isBetter(than: self) { self = other }
    }
  }
}
