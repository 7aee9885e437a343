import RooflineCore

extension PrefillTimeModel: KernelTimeModel {
  package static let kind = KernelKind.attention
  package static let phase: Phase? = .prefill

  /// - Returns: nil for a decode step.
  package static func work(_ value: Operator<Count>) -> Attention<Count>? {
    Attention.served(value).flatMap { $0.isDecodeStep ? nil : $0 }
  }

  package static func subject(_ attention: Attention<Count>) -> KernelSubject { attention.subject(.prefill) }

  package func timing(_ attention: Attention<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(attention)
    return KernelTiming(microseconds: time(terms), exposed: constants.fixed + terms.extra)
  }

  private func time(_ terms: PromptTerms) -> Double {
    constants.fixed + terms.extra + overlapped(terms.compute, terms.memory) + terms.sag
  }

  package func choices(
    _ attention: Attention<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] {
    let grid = grid(AttentionSizes(attention))
    func whole(_ x: Double) -> String { x.magnitude < 1e15 ? "\(Int(x))" : "\(x)" }
    return [
      ("tile", "\(whole(grid.rows)) × \(whole(cut.keys))"), ("tiles", whole(grid.tiles)),
      ("blocks of keys", "\(whole(grid.blocks)), \(whole(grid.longest)) in the longest tile"),
      ("split of the keys", whole(grid.split)),
    ]
  }

  package func parts(_ attention: Attention<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(attention)
    return terms.parts(fixed: constants.fixed, time: time(terms), facts)
  }

  /// The L2 rate stays where the DRAM is another: it is stated as a multiple of the DRAM's.
  package static func constants(_ constants: PrefillConstants, ofDRAM ratio: Double) -> PrefillConstants {
    var constants = constants
    constants.l2Speedup *= ratio
    return constants
  }

  package static func place(_ attention: Attention<Count>) -> KernelPlace {
    attention.place(.prefill, seen: attention.window.map { Double($0) } ?? 0)
  }

  package static func regimes(_ attention: Attention<Count>) -> [String] {
    [attention.headDimRegime] + (attention.isWindowed ? ["window"] : [])
  }
}
