import RooflineCore

/// The time of a collective over NVLink: the fastest of a library's protocols.
///
/// Source: TimeModels.md, "Collectives".
package struct CollectiveTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: CollectiveConstants

  package init(_ facts: DeviceFacts, _ constants: CollectiveConstants) {
    self.facts = facts
    self.constants = constants
  }

  /// Which of an engine's kernels may run; two ranks have no use for the second.
  private func offersOneShot(_ ranks: Double, _ bytes: Double) -> (one: Bool, two: Bool) {
    if ranks <= 2 { return (true, false) }
    guard constants.oneShotLimit > 0 else { return (true, true) }
    let isSmall = bytes < constants.oneShotLimit / (ranks <= 4 ? 1 : 2)
    return (isSmall, !isSmall)
  }

  /// The protocol that runs, its latency with steps, and its time on the link, µs.
  func fastest(_ call: Collective<Count>) -> (name: String, latency: Double, link: Double) {
    let link = facts.link * 1e-6
    let (ranks, bytes) = (Double(call.ranks), Double(call.message))
    let others = ranks - 1
    let isAllReduce = call.pattern == .allReduce
    let chunk = bytes / ranks / link
    let ringWork = (isAllReduce ? 2 : 1) * (others + constants.localChunks) * chunk
    let steps = isAllReduce ? others : others / 2
    var best = (name: "", latency: 0.0, link: Double.infinity)
    func offer(_ name: String, _ latency: Double, _ work: Double, _ share: Double) {
      guard share > 0 else { return }
      if latency + work / share < best.latency + best.link { best = (name, latency, work / share) }
    }
    func offer(_ name: String, _ ring: CollectiveConstants.Ring) {
      offer(name, ring.latency + ring.step * steps, ringWork, ring.share)
    }
    offer("first protocol", constants.first)
    offer("second protocol", constants.second)
    offer("third protocol", constants.third)
    offer("fourth protocol", constants.fourth)
    if ranks >= constants.switchRanks {
      offer("in the switch", constants.switchLatency, (isAllReduce ? 2 : 1) * others * chunk, constants.switchShare)
    }
    if isAllReduce, bytes <= constants.ownLimit {
      let own = offersOneShot(ranks, bytes)
      if own.one {
        offer(
          "one-shot", constants.oneShotLatency + constants.ownStep * others, others * bytes / link,
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
}

extension CollectiveTimeModel: KernelTimeModel {
  package static let kind = KernelKind.collective

  package init(_ facts: DeviceFacts, _ constants: CollectiveConstants, _ cut: WholeKernel, generation: GPUGeneration) {
    self.init(facts, constants)
  }

  package static func work(_ value: Operator<Count>) -> Collective<Count>? {
    if case .collective(let collective) = value { collective } else { nil }
  }

  /// Bytes are bytes: formats do not tell collectives apart.
  package static func subject(_ call: Collective<Count>) -> KernelSubject {
    KernelSubject(.collective, operation: call.kind, dtype: .bf16)
  }

  package func timing(_ call: Collective<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let best = fastest(call)
    let time = time(call, best)
    return KernelTiming(microseconds: time, exposed: time - best.link)
  }

  private func time(_ call: Collective<Count>, _ best: (name: String, latency: Double, link: Double)) -> Double {
    let copy =
      constants.copyShare > 0
      ? 2 * Double(call.message) / (constants.copyShare * facts.bytesPerMicrosecond) : 0
    return max(constants.floor, best.latency + best.link + copy)
  }

  package func choices(_ call: Collective<Count>, _ conditions: KernelConditions) -> [(name: String, value: String)] {
    [("protocol", fastest(call).name)]
  }

  package func parts(_ call: Collective<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let best = fastest(call)
    let ideal = Double(call.wireBytes) / (facts.link * 1e-6)
    return TimePart.differences([
      (.roof, ideal),
      (.steps, ideal + best.latency),
      (.rate, time(call, best)),
    ])
  }

  package static func place(_ call: Collective<Count>) -> KernelPlace {
    let (ranks, bytes) = (Double(call.ranks), Double(call.message))
    return KernelPlace(
      call.kind.rawValue, sizes: [("ranks", ranks), ("bytes", bytes)], order: [ranks, bytes],
      point: [2 * KernelPlace.log(ranks), KernelPlace.log(bytes), 0, 0],
      group: [ranks, (Double(bytes.exponent) / 2).rounded(.towardZero)], of: call.kind)
  }

  package static func regimes(_ call: Collective<Count>) -> [String] { [call.kind.rawValue] }
}
