/// What limits an operator.
public enum Bound: String, Hashable, Sendable, CaseIterable {
  /// The slowest of its units; bandwidth (also where both take as long); the link, of collectives and transfers.
  case compute, memory, network
  /// Most of a calibrated time is launching, waiting and combining: neither arithmetic nor bandwidth.
  case latency
}

/// An operator with its counts, its bound and its time.
package struct OperatorPrediction: Sendable {
  package let kind: OperatorKind
  /// One occurrence.
  package let cost: OperatorCost
  package internal(set) var bound: Bound
  /// One occurrence, s; NaN where a rate that it needs is missing. `time` is the form for everybody else.
  var seconds: Double
  /// What the time stands on.
  package internal(set) var basis = TimeBasis.ideal

  /// One occurrence; nil where a rate that it needs is missing.
  package var time: Seconds? { seconds.isNaN ? nil : Seconds(seconds) }

  /// For costs whose overflow the caller reports, or has ruled out: the times of others mean nothing.
  @inline(__always)
  init(_ kind: OperatorKind, _ cost: OperatorCost, rates: DeviceRates, time: IdealTime) {
    self.kind = kind
    self.cost = cost
    if cost.wireSteps != 0 {
      bound = .network
      seconds = IdealTime.wire(
        bytes: Double(signed: cost.wireBytes), link: rates.link, steps: Double(signed: cost.wireSteps),
        latency: rates.linkLatency)
    } else {
      let parts = OperatorPrediction.parts(cost, rates)
      bound = max(parts.tensor, max(parts.vector, parts.special)) > parts.memory ? .compute : .memory
      seconds = (parts.tensor + parts.vector + parts.special + parts.memory).isNaN ? .nan : time.combine(parts)
    }
  }

  /// - Returns: nil where a count is above `Count.limit`.
  init?(exactly cost: OperatorCost, of kind: OperatorKind, rates: DeviceRates, time: IdealTime) {
    guard !cost.isOverflow else { return nil }
    self.init(kind, cost, rates: rates, time: time)
  }

  /// The same operator's ideal time.
  package func ideal(_ rates: DeviceRates, _ options: RateOptions) -> OperatorPrediction {
    OperatorPrediction(kind, cost, rates: rates, time: IdealTime(overlap: options.overlap))
  }

  /// Time at each roof, s: which unit binds, and by how much. NaN where a rate is missing. Of counts up to `Count.limit`.
  package static func roofTimes(of cost: OperatorCost, rates: DeviceRates) -> Roofs<Double> { parts(cost, rates) }

  /// Work that is not there takes no time on a unit that may not exist.
  @inline(__always)
  static func parts(_ cost: OperatorCost, _ rates: DeviceRates) -> Roofs<Double> {
    let work = Roofs(
      tensor: Double(signed: cost.flops.tensor), vector: Double(signed: cost.flops.vector),
      special: Double(signed: cost.flops.special), memory: Double(signed: cost.traffic.total))
    func rate(_ rate: Double, for work: Double) -> Double { work == 0 ? 1 : rate }
    return IdealTime.parts(
      work: work,
      rates: Roofs(
        tensor: cost.matrixUnit.map { rate(rates[tensor: $0], for: work.tensor) } ?? 1,
        vector: rate(rates.vector, for: work.vector), special: rate(rates.special, for: work.special),
        memory: rate(rates.bandwidth, for: work.memory)))
  }
}

extension OperatorCost {
  /// FLOPs per byte of memory traffic; nil where there is no traffic.
  public var arithmeticIntensity: ArithmeticIntensity? {
    traffic.total == 0 ? nil : FLOPs(Double(flops.total.value)) / Bytes(Double(traffic.total.value))
  }

  /// FLOPs over time; nil where the time is unknown.
  public func attainablePerformance(in time: Seconds?) -> FLOPsPerSecond? {
    guard let time, time.value > 0 else { return nil }
    return FLOPs(Double(flops.total.value)) / time
  }
}

extension Double {
  /// A count that is not an overflow, the fast way: as a signed integer.
  @inline(__always)
  init(signed count: Count) { self.init(Int64(truncatingIfNeeded: count.value)) }
}
