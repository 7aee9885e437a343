import RooflineCore

/// The time of an exchange of tokens between the ranks that hold their experts, or of sums on their way back.
///
/// Source: TimeModels.md, "Dispatch and combine".
package struct AllToAllTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: AllToAllConstants
  package let cut: AllToAllCut

  package init(_ facts: DeviceFacts, _ constants: AllToAllConstants, _ cut: AllToAllCut, generation: GPUGeneration) {
    self.facts = facts
    self.constants = constants
    self.cut = cut
  }

  /// What every call and every token pays, and the link, µs.
  private func terms(_ exchange: AllToAll<Count>) -> (fixed: Double, tokens: Double, link: Double) {
    let rows = Double(exchange.rows)
    let copies = cut.sends == .ranks ? exchange.remoteRanks : exchange.remoteChoices
    let bytes = rows * Double(exchange.width) * copies * Double(exchange.format.storage.bits) / 8
    let reached = exchange.processors.map { min(1, Double($0) / constants.saturation) } ?? 1
    return (constants.fixed, rows * constants.token, bytes / (constants.share * reached * facts.link * 1e-6))
  }
}

extension AllToAllTimeModel: KernelTimeModel {
  package static let kind = KernelKind.allToAll

  package static func work(_ value: Operator<Count>) -> AllToAll<Count>? {
    if case .allToAll(let exchange) = value { exchange } else { nil }
  }

  package static func subject(_ exchange: AllToAll<Count>) -> KernelSubject {
    KernelSubject(.allToAll, dtype: exchange.format.dtype ?? .bf16)
  }

  package static func variant(
    _ exchange: AllToAll<Count>, of library: KernelLibrary, processors: Double
  ) -> AttentionVariant? {
    switch exchange.direction {
    case .dispatch: .dispatch
    case .combine: .combine
    }
  }

  package func timing(_ exchange: AllToAll<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(exchange)
    return KernelTiming(
      microseconds: terms.fixed + terms.tokens + terms.link, exposed: terms.fixed + terms.tokens)
  }

  package func parts(_ exchange: AllToAll<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(exchange)
    let ideal = Double(exchange.wireBytes) / (facts.link * 1e-6)
    return TimePart.differences([
      (.roof, ideal), (.fixed, ideal + terms.fixed), (.steps, ideal + terms.fixed + terms.tokens),
      (.rate, terms.fixed + terms.tokens + terms.link),
    ])
  }

  package func choices(_ exchange: AllToAll<Count>, _ conditions: KernelConditions) -> [(name: String, value: String)] {
    [("a row goes to", cut.sends == .ranks ? "each rank of its experts" : "each of its experts")]
  }

  package static func place(_ exchange: AllToAll<Count>) -> KernelPlace {
    let (rows, width, ranks) = (Double(exchange.rows), Double(exchange.width), Double(exchange.ranks))
    let processors = Double(exchange.processors ?? 0)
    return KernelPlace(
      "alltoall \(exchange.direction.rawValue)", sizes: [("tokens", rows), ("hidden", width), ("ranks", ranks)],
      order: [width, ranks, exchange.remoteChoices, exchange.remoteRanks, rows, processors]
        + [exchange.direction == .dispatch ? 0 : 1],
      point: [
        KernelPlace.log(rows), KernelPlace.log(width), 2 * KernelPlace.log(ranks),
        KernelPlace.log(exchange.remoteRanks),
      ], group: [width, exchange.remoteRanks, exchange.remoteChoices])
  }

  package static func regimes(_ exchange: AllToAll<Count>) -> [String] { [exchange.direction.rawValue] }
}
