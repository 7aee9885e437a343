import RooflineCore

/// The ideal time of a cost, formula by formula: the engine's own functions read with a term that prints itself.
struct TimeExplanation {
  let cost: OperatorCost
  let analysis: Analysis
  let isCollective: Bool

  var entries: [OperatorExplanation.Entry] {
    var entries = [intensity].compactMap { $0 }
    let rates = analysis.rates
    if isCollective {
      let wire = IdealTime.wire(
        bytes: real("wire", cost.wireBytes), link: RealSymbol("link", rates.link), steps: real("steps", cost.wireSteps),
        latency: RealSymbol("latency", rates.linkLatency))
      let source = analysis.hardware.link.map { "\($0.kind), one direction: \($0.source)" } ?? "no link is known"
      return entries + [entry("timeSeconds", wire, "s", analysis.options.link == nil ? source : "--link")]
    }
    let unit = cost.matrixUnit
    let units: [(name: String, work: Count, rate: Double)] = [
      ("tensor", cost.flops.tensor, unit.map { rates[tensor: $0] } ?? .nan),
      ("vector", cost.flops.vector, rates.vector), ("special", cost.flops.special, rates.special),
      ("memory", cost.traffic.total, rates.bandwidth),
    ]
    // A unit without work takes no time; it need not have a rate.
    func work(_ index: Int) -> RealSymbol {
      real(index == 3 ? "bytes" : "FLOPs.\(units[index].name)", units[index].work)
    }
    func rate(_ index: Int) -> RealSymbol {
      RealSymbol(index == 3 ? "bandwidth" : "rate.\(units[index].name)", units[index].work == 0 ? 1 : units[index].rate)
    }
    let parts = IdealTime.parts(
      work: Roofs(tensor: work(0), vector: work(1), special: work(2), memory: work(3)),
      rates: Roofs(tensor: rate(0), vector: rate(1), special: rate(2), memory: rate(3)))
    let times = [parts.tensor, parts.vector, parts.special, parts.memory]
    for (index, time) in times.enumerated() where units[index].work > 0 {
      entries.append(derivedRate(of: index))
      entries.append(entry("timeSeconds.\(units[index].name)", time, "s", "work over the rate above"))
    }
    let named = times.enumerated().map { index, time in RealSymbol("t.\(units[index].name)", time.value) }
    let total = IdealTime(overlap: analysis.options.overlap).combine(
      Roofs(tensor: named[0], vector: named[1], special: named[2], memory: named[3]))
    let how = analysis.options.overlap == .max ? "units and memory overlap: the slowest decides" : "nothing overlaps"
    return entries + [entry("timeSeconds", total, "s", "ideal roofline; \(how)")]
  }

  private var intensity: OperatorExplanation.Entry? {
    guard cost.traffic.total > 0 else { return nil }
    return entry(
      "arithmeticIntensity", real("FLOPs", cost.flops.total) / real("bytes", cost.traffic.total), "FLOP/B",
      "all FLOPs over all memory traffic")
  }

  private func real(_ name: String, _ count: Count) -> RealSymbol {
    RealSymbol(name, Double(count.value), digits: String(count.value))
  }

  private func entry(_ quantity: String, _ symbol: RealSymbol, _ unit: String, _ source: String)
    -> OperatorExplanation.Entry
  {
    .init(
      quantity: quantity, symbolic: symbol.symbolic, substituted: symbol.substituted,
      value: Numbers.exact(symbol.value), unit: unit, source: source)
  }

  // MARK: where rates are from

  /// The rate of a unit as a run uses it: what was given or the file says, times the efficiency.
  private func rateEntry(_ name: String, _ peak: RealSymbol, efficiency: Double, source: String)
    -> OperatorExplanation.Entry
  {
    entry("rate.\(name)", peak * RealSymbol("efficiency", efficiency), name == "memory" ? "B/s" : "FLOP/s", source)
  }

  private func derivedRate(of unit: Int) -> OperatorExplanation.Entry {
    let options = analysis.options
    let compute = analysis.hardware.compute
    let computeSource = compute?.source ?? "not known"
    switch unit {
    case 0:
      let dtype = cost.matrixUnit ?? .fp16
      let peak = options.tensorPeak ?? compute?.tensor[dtype] ?? .nan
      return rateEntry(
        "tensor", RealSymbol("peak.\(dtype.rawValue)", peak), efficiency: options.computeEfficiency,
        source: options.tensorPeak == nil ? computeSource : "--peak")
    case 1:
      return rateEntry(
        "vector", RealSymbol("peak.fp32", options.vectorPeak ?? compute?.vector ?? .nan),
        efficiency: options.computeEfficiency, source: options.vectorPeak == nil ? computeSource : "--vector-peak")
    case 2:
      guard let given = options.specialPeak else {
        let peak =
          RealSymbol("functions a clock and SM", analysis.hardware.generation?.specialFunctions ?? .nan)
          * RealSymbol("SMs", compute?.streamingMultiprocessors.map { Double($0) } ?? .nan)
          * RealSymbol("boost clock", compute?.boostClock ?? .nan)
        let specialSource = analysis.hardware.generation?.specialSource ?? "not known"
        return rateEntry(
          "special", peak, efficiency: options.computeEfficiency,
          source: "special functions a clock and SM: \(specialSource); \(computeSource)")
      }
      return rateEntry(
        "special", RealSymbol("peak", given), efficiency: options.computeEfficiency, source: "--special-peak")
    default:
      return rateEntry(
        "memory", RealSymbol("bandwidth", options.bandwidth ?? analysis.hardware.memory?.bandwidth ?? .nan),
        efficiency: options.memoryEfficiency,
        source: options.bandwidth == nil ? analysis.hardware.memory?.source ?? "not known" : "--bandwidth")
    }
  }
}

/// A real number that remembers its formula.
struct RealSymbol: RealTerm {
  let symbolic: String
  let substituted: String
  let value: Double
  private let isAtom: Bool

  init(_ name: String, _ value: Double, digits: String? = nil) {
    self.init(symbolic: name, substituted: digits ?? Numbers.exact(value), value: value, isAtom: true)
  }

  private init(symbolic: String, substituted: String, value: Double, isAtom: Bool) {
    self.symbolic = symbolic
    self.substituted = substituted
    self.value = value
    self.isAtom = isAtom
  }

  static func + (left: Self, right: Self) -> Self {
    joined(left, " + ", right, left.value + right.value, needsAtoms: false)
  }
  static func * (left: Self, right: Self) -> Self {
    joined(left, " × ", right, left.value * right.value, needsAtoms: true)
  }
  static func / (left: Self, right: Self) -> Self {
    joined(left, " / ", right, left.value / right.value, needsAtoms: true)
  }

  static func largest(_ parts: Roofs<Self>) -> Self {
    let all = [parts.tensor, parts.vector, parts.special, parts.memory]
    return RealSymbol(
      symbolic: "max(\(all.map(\.symbolic).joined(separator: ", ")))",
      substituted: "max(\(all.map(\.substituted).joined(separator: ", ")))",
      value: Double.largest(
        Roofs(
          tensor: parts.tensor.value, vector: parts.vector.value, special: parts.special.value,
          memory: parts.memory.value)),
      isAtom: true)
  }

  /// A sum of many terms, written once.
  static func sum(_ terms: [RealSymbol]) -> RealSymbol {
    RealSymbol(
      symbolic: terms.map(\.symbolic).joined(separator: " + "),
      substituted: terms.map(\.substituted).joined(separator: " + "), value: terms.reduce(0) { $0 + $1.value },
      isAtom: terms.count == 1)
  }

  private static func joined(_ left: Self, _ sign: String, _ right: Self, _ value: Double, needsAtoms: Bool) -> Self {
    func bracketed(_ text: String, _ symbol: Self) -> String { needsAtoms && !symbol.isAtom ? "(\(text))" : text }
    return RealSymbol(
      symbolic: bracketed(left.symbolic, left) + sign + bracketed(right.symbolic, right),
      substituted: bracketed(left.substituted, left) + sign + bracketed(right.substituted, right), value: value,
      isAtom: false)
  }
}
