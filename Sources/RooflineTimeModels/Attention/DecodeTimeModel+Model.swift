import RooflineCore

extension DecodeTimeModel: KernelTimeModel {
  package static let kind = KernelKind.attention
  package static let phase: Phase? = .decode

  package init(_ facts: DeviceFacts, _ constants: DecodeConstants, _ cut: DecodeCut, generation: GPUGeneration) {
    self.init(facts, constants, cut)
  }

  /// - Returns: nil for attention over several new tokens.
  package static func work(_ value: Operator<Count>) -> Attention<Count>? {
    Attention.served(value).flatMap { $0.isDecodeStep ? $0 : nil }
  }

  package static func subject(_ attention: Attention<Count>) -> KernelSubject { attention.subject(.decode) }

  package static func variant(
    _ attention: Attention<Count>, of library: KernelLibrary, processors: Double
  ) -> AttentionVariant? { library.variant(attention, processors: processors) }

  /// Eight heads that share keys, then one alone.
  package static func usual(of value: Operator<Count>) -> [Operator<Count>] {
    guard let attention = work(value) else { return [] }
    return [8, 1].map { (heads: Count) in
      let shape = AttentionShape<Count>(
        batch: 1, queryTokens: 1, attendedKeys: 2, heads: heads, keyValueHeads: 1, headDim: attention.shape.headDim)
      return .attention(
        Attention(shape, mask: attention.mask, queries: attention.queryDType, formats: attention.formats))
    }
  }

  package func timing(_ attention: Attention<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(attention, conditions)
    let times = conditions.decodeTimes(attention)
    return KernelTiming(microseconds: time(terms) * times, exposed: exposed(terms) * times)
  }

  private func exposed(_ terms: Terms) -> Double { constants.fixed + terms.ctas + terms.combine }

  private func time(_ terms: Terms) -> Double { exposed(terms) + overlapped(terms.memory, terms.serial) }

  package func choices(
    _ attention: Attention<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] {
    let plan = terms(attention, conditions).plan
    func whole(_ x: Double) -> String { x.magnitude < 1e15 ? "\(Int(x))" : "\(x)" }
    return [
      ("work items", whole(plan.items)), ("split of the keys", whole(plan.split)),
      ("blocks of keys", "\(whole(plan.blocks)) of \(whole(cut.keysPerBlock))"),
    ]
  }

  package func parts(_ attention: Attention<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(attention, conditions)
    let times = conditions.decodeTimes(attention)
    return TimePart.differences(
      [
        (.roof, terms.idealMemory),
        (.fixed, terms.idealMemory + constants.fixed),
        (.waves, terms.idealMemory + constants.fixed + terms.ctas),
        (.dram, terms.memory + constants.fixed + terms.ctas),
        (.split, terms.memory + constants.fixed + terms.ctas + terms.combine),
        (.latency, time(terms)),
      ] + (times == 1 ? [] : [(.version, time(terms) * times)]))
  }

  /// The L2 rate stays where the DRAM is another: it is stated as a multiple of the DRAM's.
  package static func constants(_ constants: DecodeConstants, ofDRAM ratio: Double) -> DecodeConstants {
    var constants = constants
    constants.l2Bandwidth *= ratio
    return constants
  }

  /// A window wider than the context hides nothing.
  package static func place(_ attention: Attention<Count>) -> KernelPlace {
    let window = attention.window ?? 0
    return attention.place(.decode, seen: window >= attention.shape.attendedKeys ? 0 : Double(window))
  }

  package static func regimes(_ attention: Attention<Count>) -> [String] {
    let group = AttentionSizes(attention).group
    return [attention.headDimRegime, group == 1 ? "g = 1" : group <= 16 ? "g <= 16" : "g > 16"]
      + (attention.isWindowed ? ["window"] : [])
  }
}
