import RooflineAnalysis
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
    // A unit without work takes no time; it need not have a rate.
    let times = IdealTime.parts(
      work: Roofs(work),
      rates: Roofs { RealSymbol($0 == .memory ? "bandwidth" : $0.rateName, count($0) == 0 ? 1 : rate($0)) })
    for roof in Roof.allCases where count(roof) > 0 {
      entries.append(derivedRate(of: roof))
      entries.append(entry("timeSeconds.\(roof.rawValue)", times[roof], "s", "work over the rate above"))
    }
    let total = IdealTime(overlap: analysis.options.overlap).combine(
      Roofs { RealSymbol("t.\($0.rawValue)", times[$0].value) })
    let how = analysis.options.overlap == .max ? "units and memory overlap: the slowest decides" : "nothing overlaps"
    return entries + [entry("timeSeconds", total, "s", "ideal roofline; \(how)")]
  }

  /// FLOPs, or bytes.
  private func count(_ roof: Roof) -> Count {
    switch roof {
    case .tensor: cost.flops.tensor
    case .vector: cost.flops.vector
    case .special: cost.flops.special
    case .memory: cost.traffic.total
    }
  }

  private func work(_ roof: Roof) -> RealSymbol {
    real(roof == .memory ? "bytes" : "FLOPs.\(roof.rawValue)", count(roof))
  }

  private func rate(_ roof: Roof) -> Double {
    switch roof {
    case .tensor: cost.matrixUnit.map { analysis.rates[tensor: $0] } ?? .nan
    case .vector: analysis.rates.vector
    case .special: analysis.rates.special
    case .memory: analysis.rates.bandwidth
    }
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

  /// The rate of a roof as a run uses it: what was given or the file says, times the efficiency.
  private func derivedRate(of roof: Roof) -> OperatorExplanation.Entry {
    let options = analysis.options
    let efficiency = roof == .memory ? options.memoryEfficiency : options.computeEfficiency
    let (peak, source) = peak(roof)
    return entry(
      roof.rateName, peak * RealSymbol("efficiency", efficiency), roof == .memory ? "B/s" : "FLOP/s", source)
  }

  /// The rate before any efficiency, and where it is from.
  private func peak(_ roof: Roof) -> (RealSymbol, source: String) {
    let options = analysis.options
    let hardware = analysis.hardware
    let compute = hardware.compute
    let computeSource = compute?.source ?? "not known"
    switch roof {
    case .tensor:
      let dtype = cost.matrixUnit ?? .fp16
      return (
        RealSymbol("peak.\(dtype.rawValue)", options.tensorPeak ?? compute?.tensor[dtype] ?? .nan),
        options.tensorPeak == nil ? computeSource : "--peak"
      )
    case .vector:
      return (
        RealSymbol("peak.fp32", options.vectorPeak ?? compute?.vector ?? .nan),
        options.vectorPeak == nil ? computeSource : "--vector-peak"
      )
    case .special:
      if let given = options.specialPeak { return (RealSymbol("peak", given), "--special-peak") }
      return (
        RealSymbol("functions a clock and SM", hardware.generation?.specialFunctions ?? .nan)
          * RealSymbol("SMs", compute?.streamingMultiprocessors.map { Double($0) } ?? .nan)
          * RealSymbol("boost clock", compute?.boostClock ?? .nan),
        "special functions a clock and SM: \(hardware.generation?.specialSource ?? "not known"); \(computeSource)"
      )
    case .memory:
      return (
        RealSymbol("bandwidth", options.bandwidth ?? hardware.memory?.bandwidth ?? .nan),
        options.bandwidth == nil ? hardware.memory?.source ?? "not known" : "--bandwidth"
      )
    }
  }
}

extension Roof {
  /// The name under which `explain` prints the rate that work is divided by.
  fileprivate var rateName: String { "rate.\(rawValue)" }
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
    let all = Roof.allCases.map { parts[$0] }
    return RealSymbol(
      symbolic: "max(\(all.map(\.symbolic).joined(separator: ", ")))",
      substituted: "max(\(all.map(\.substituted).joined(separator: ", ")))",
      value: Double.largest(Roofs { parts[$0].value }), isAtom: true)
  }

  static func larger(_ left: Self, _ right: Self) -> Self {
    RealSymbol(
      symbolic: "max(\(left.symbolic), \(right.symbolic))",
      substituted: "max(\(left.substituted), \(right.substituted))",
      value: Double.larger(left.value, right.value), isAtom: true)
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
