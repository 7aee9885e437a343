import RooflineCore

/// What users are promised: the longest TTFT and TPOT.
package struct ServiceLevel: Hashable, Sendable {
  /// Times without one have no limit.
  private var limits: [SweepTime: Seconds]

  package init(_ limits: [SweepTime: Seconds]) { self.limits = limits }

  /// In one order, whichever it was written in.
  package var promises: [(time: SweepTime, limit: Seconds)] {
    SweepTime.allCases.compactMap { time in limits[time].map { (time, $0) } }
  }

  /// What keeps a configuration from being chosen.
  package enum Miss: Hashable, Sendable {
    case impossible(SweepRow.Reason?)
    /// It does not fit, or nobody knows whether it does.
    case memory(needed: Count?, capacity: UInt64?)
    case time(SweepTime, Seconds?, limit: Seconds)
    /// Requests wait longer the longer they come: no promise is kept for long.
    case growingQueue
    /// It keeps the promise, and another does with less: GPUs, then batch or load, then tokens/s per GPU.
    case moreDevices(UInt64, than: UInt64)
    case smallerBatch(UInt64, than: UInt64)
    case smallerLoad(SweepLoad, than: SweepLoad)
    case fewerTokens(Double?, than: Double?)
  }

  /// Why a configuration does not keep the promise; nil where it does.
  package func miss(_ row: SweepRow) -> Miss? {
    guard let figures = row.figures else { return .impossible(row.reason) }
    guard figures.fits == true else { return .memory(needed: figures.footprint, capacity: figures.capacity) }
    for (time, limit) in promises {
      guard let known = figures[time], known <= limit else { return .time(time, figures[time], limit: limit) }
    }
    return figures.load?.isQueueGrowing == true ? .growingQueue : nil
  }

  /// How far a configuration is from keeping it: 1 is the limit.
  private func excess(_ row: SweepRow) -> Double {
    promises.map { time, limit in row.figures?[time].map { $0 / limit } ?? .infinity }.max() ?? 0
  }

  /// Of two configurations that keep the promise: whether the first is to be preferred. Fewest GPUs, then the largest batch or load,
  /// then most tokens/s per GPU.
  package static func isBetter(_ left: SweepRow, than right: SweepRow) -> Bool { loss(right, against: left) != nil }

  /// Why a configuration that keeps the promise is not preferred to another one; nil where it is, or they are alike.
  package static func loss(_ row: SweepRow, against winner: SweepRow) -> Miss? {
    let (own, best) = (row.deployment.devices, winner.deployment.devices)
    if own != best { return own > best ? .moreDevices(own, than: best) : nil }
    if row.point.batch != winner.point.batch {
      return row.point.batch < winner.point.batch ? .smallerBatch(row.point.batch, than: winner.point.batch) : nil
    }
    if let load = row.point.load, let most = winner.point.load, load.size != most.size {
      return load.size < most.size ? .smallerLoad(load, than: most) : nil
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
      case .time, .growingQueue: 1
      case .memory: 2
      case .impossible, .moreDevices, .smallerBatch, .smallerLoad, .fewerTokens: 3
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
