/// The time of a collective over NVLink: the fastest of a library's protocols.
///
/// Source: TimeModels.md, "Collectives".
public struct CollectiveTimeModel: KernelTimeModel {
  public typealias Shape = CollectiveCall

  public let facts: DeviceFacts
  public let constants: CollectiveConstants

  public init(_ facts: DeviceFacts, _ constants: CollectiveConstants) {
    self.facts = facts
    self.constants = constants
  }

  /// Which of an engine's kernels may run; two ranks have no use for the second.
  private func offersOneShot(_ call: CollectiveCall) -> (one: Bool, two: Bool) {
    if call.ranks <= 2 { return (true, false) }
    guard constants.oneShotLimit > 0 else { return (true, true) }
    let isSmall = call.bytes < constants.oneShotLimit / (call.ranks <= 4 ? 1 : 2)
    return (isSmall, !isSmall)
  }

  /// The protocol that runs, its latency with steps, and its time on the link, µs.
  func fastest(_ call: CollectiveCall) -> (name: String, latency: Double, link: Double) {
    let link = facts.link * 1e-6
    let others = call.ranks - 1
    let isAllReduce = call.operation == .allReduce
    let chunk = call.bytes / call.ranks / link
    let ringWork = (isAllReduce ? 2 : 1) * (others + constants.localChunks) * chunk
    let steps = isAllReduce ? others : others / 2
    var best = (name: "", latency: 0.0, link: Double.infinity)
    func offer(_ name: String, _ latency: Double, _ work: Double, _ share: Double) {
      guard share > 0 else { return }
      if latency + work / share < best.latency + best.link { best = (name, latency, work / share) }
    }
    for (name, ring) in [
      ("first protocol", constants.first), ("second protocol", constants.second),
      ("third protocol", constants.third), ("fourth protocol", constants.fourth),
    ] {
      offer(name, ring.latency + ring.step * steps, ringWork, ring.share)
    }
    if call.ranks >= constants.switchRanks {
      offer("in the switch", constants.switchLatency, (isAllReduce ? 2 : 1) * others * chunk, constants.switchShare)
    }
    if isAllReduce, call.bytes <= constants.ownLimit {
      let own = offersOneShot(call)
      if own.one {
        offer(
          "one-shot", constants.oneShotLatency + constants.ownStep * others, others * call.bytes / link,
          constants.oneShotShare)
      }
      if own.two {
        offer(
          "two-shot", constants.twoShotLatency + constants.ownStep * others, 2 * others * chunk,
          constants.twoShotShare)
      }
    }
    return best
  }

  public static func call(_ kernel: TimedKernel) -> CollectiveCall? {
    if case .collective(let call) = kernel.shape { call } else { nil }
  }

  public func timing(_ call: CollectiveCall) -> KernelTiming {
    let best = fastest(call)
    let copy = constants.copyShare > 0 ? 2 * call.bytes / (constants.copyShare * facts.bytesPerMicrosecond) : 0
    let time = max(constants.floor, best.latency + best.link + copy)
    return KernelTiming(microseconds: time, exposed: time - best.link)
  }

  public func choices(_ call: CollectiveCall) -> [(name: String, value: String)] {
    [("protocol", fastest(call).name)]
  }

  public func parts(_ call: CollectiveCall) -> [TimePart] {
    let best = fastest(call)
    let ideal =
      (call.operation == .allReduce ? 2 : 1) * (call.ranks - 1) * call.bytes / call.ranks / (facts.link * 1e-6)
    return TimePart.differences([
      (.roof, ideal),
      (.steps, ideal + best.latency),
      (.rate, microseconds(call)),
    ])
  }
}
