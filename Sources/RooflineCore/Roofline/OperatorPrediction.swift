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
  package var bound: Bound
  /// One occurrence, s; NaN where a rate that it needs is missing. `time` is the form for everybody else.
  package var seconds: Double
  /// What the time stands on.
  package var basis = TimeBasis.ideal

  /// One occurrence; nil where a rate that it needs is missing.
  package var time: Seconds? { seconds.isNaN ? nil : Seconds(seconds) }

  /// What limits it; nil where it is not known, because a rate that its time needs is missing. A collective's is the link anyway.
  package var knownBound: Bound? { seconds.isNaN && bound != .network ? nil : bound }

  /// For costs whose overflow the caller reports, or has ruled out: the times of others mean nothing.
  @inline(__always)
  package init(_ kind: OperatorKind, _ cost: OperatorCost, rates: DeviceRates, time: IdealTime) {
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

  /// The ideal time of one kernel that does the work of several calls; nil of none.
  package static func together(
    _ calls: [OperatorPrediction], _ rates: DeviceRates, _ options: RateOptions
  ) -> OperatorPrediction? {
    guard let first = calls.first else { return nil }
    let cost = calls.dropFirst().reduce(first.cost) { $0 + $1.cost }
    return OperatorPrediction(first.kind, cost, rates: rates, time: IdealTime(overlap: options.overlap))
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

  /// All FLOPs over time, but no more than the roof of the unit that does most of them: beside a product that fills the tensor cores
  /// other units work too, and the sum would be above every roof. nil where the time is unknown.
  public func attainablePerformance(in time: Seconds?, rates: DeviceRates) -> FLOPsPerSecond? {
    attainablePerformance(in: time, below: mainUnit(rates)?.rate)
  }

  /// - Parameter roof: FLOP/s that are not exceeded; nil or NaN where none is known.
  package func attainablePerformance(in time: Seconds?, below roof: Double?) -> FLOPsPerSecond? {
    guard let time, time.value > 0 else { return nil }
    let all = FLOPs(Double(flops.total.value)) / time
    guard let roof, all.value > roof else { return all }
    return FLOPsPerSecond(roof)
  }

  /// The unit that does most of the FLOPs, and its rate, NaN where it is not known; nil where nothing is computed.
  package func mainUnit(_ rates: DeviceRates) -> (roof: Roof, rate: Double)? {
    let units: [(roof: Roof, work: Count, rate: Double)] = [
      (.tensor, flops.tensor, matrixUnit.map { rates[tensor: $0] } ?? .nan), (.vector, flops.vector, rates.vector),
      (.special, flops.special, rates.special),
    ]
    return units.max { $0.work < $1.work }.flatMap { $0.work > 0 ? ($0.roof, $0.rate) : nil }
  }
}

extension Double {
  /// A count that is not an overflow, the fast way: as a signed integer.
  @inline(__always)
  package init(signed count: Count) { self.init(Int64(truncatingIfNeeded: count.value)) }
}
