import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineMeasurement

/// The roofline: what a GPU can do at each intensity, and where operators stand below it.
package struct RooflineFigure: Figure {
  package let kind = FigureKind.roofline
  package let caption: FigureCaption
  package let roofs: [Roofline]
  package let points: [OperatorPoint]
  package let notes: [String]
  /// FLOP/B and FLOP/s: decades around what the GPU's rates are, whatever the model.
  package let intensities, rates: ClosedRange<Double>

  /// A limit.
  package struct Roofline: Hashable, Sendable {
    package enum Level: Hashable, Sendable {
      /// FLOP/s.
      case compute
      /// B/s.
      case memory
    }

    package let name: String
    package let level: Level
    /// FLOP/s or B/s.
    package let rate: Double
    /// Whether rows of the run meet it.
    package let isInUse: Bool
    /// Whether it was measured; else it is the datasheet's.
    package let isAchieved: Bool

    var text: String { "\(name) \(Numbers.short(rate))\(level == .compute ? "FLOP/s" : "B/s")" }
  }

  /// A row of a pass.
  package struct OperatorPoint: Hashable, Sendable {
    package let name: String
    package let pass: PassMark
    /// FLOP/B.
    package let intensity: Double
    /// FLOP/s at the predicted time.
    package let rate: Double
    /// Of the pass's time, 0 to 1.
    package let share: Double
    package let row: RowReference
    /// FLOP/s at the measured time.
    package let measured: Double?
    let tip: Drawing.Tip
  }

  /// How many operators carry their names.
  package static let named = 12

  package init(
    _ analysis: Analysis, achieved: AchievedCeilings? = nil, measured: MeasuredRows? = nil, caption: FigureCaption
  ) {
    self.caption = caption
    roofs = Self.roofs(analysis) + (achieved.map { Self.roofs($0, analysis) } ?? [])
    (intensities, rates) = Self.decades(analysis)
    var points: [OperatorPoint] = []
    var notes: [String] = []
    for (index, phase) in analysis.phases.enumerated() {
      var hidden: [String] = []
      var hiddenTime = 0.0
      for (place, row) in phase.operators.enumerated() {
        let reference = RowReference(phase: index, row: place)
        let seconds = measured?[row.row.kernel]?.median
        if let point = OperatorPoint(row, of: phase, reference, measured: seconds) {
          points.append(point)
        } else {
          if !hidden.contains(phase.label(of: row)) { hidden.append(phase.label(of: row)) }
          hiddenTime += (row.time?.value ?? 0) * Double(row.occurrences.value)
        }
      }
      guard !hidden.isEmpty else { continue }
      let share = phase.time.map { $0.value > 0 ? hiddenTime / $0.value : 0 }.map {
        ", \(Numbers.percent($0)) % of its time"
      }
      let list = hidden.prefix(4).joined(separator: ", ") + (hidden.count > 4 ? " and \(hidden.count - 4) more" : "")
      notes.append(
        "\(phase.step.name): not shown, since they compute nothing or have no time: \(list)\(share ?? "")")
    }
    let (intensities, rates) = (intensities, rates)
    let beyond = points.filter { !rates.contains($0.rate) || !intensities.contains($0.intensity) }.map(\.name)
    if !beyond.isEmpty { notes.append("beyond the axes, shown at their edge: \(beyond.joined(separator: ", "))") }
    self.points = points
    self.notes = notes
  }

  /// Axes are of the GPU's rates as the run has them, and efficiencies do not move them: pictures of one GPU overlay.
  private static func decades(_ analysis: Analysis) -> (ClosedRange<Double>, ClosedRange<Double>) {
    var options = analysis.options
    (options.computeEfficiency, options.memoryEfficiency) = (1, 1)
    let rates = DeviceRates(analysis.hardware, options, ranks: analysis.workload.devicesPerReplica.value)
    let computes =
      (DType.allCases.map { rates[tensor: $0] } + [rates.vector, rates.special]).filter { !$0.isNaN }
    guard let slowest = computes.min(), let fastest = computes.max(), !rates.bandwidth.isNaN else {
      return (0.01...10_000, 1e9...1e16)
    }
    let ridges = AxisScale.snapped(slowest / rates.bandwidth...max(fastest, slowest * 10) / rates.bandwidth)
    let intensities = ridges.lowerBound / 100...ridges.upperBound * 10
    return (
      intensities,
      AxisScale.snapped(intensities.lowerBound * rates.bandwidth...fastest)
        .lowerBound...AxisScale.snapped(fastest / 10...fastest).upperBound
    )
  }

  private static func roofs(_ analysis: Analysis) -> [Roofline] {
    let rates = analysis.rates
    let costs = analysis.phases.flatMap { $0.operators.map(\.cost) }
    let used = Set(MatrixUnits(analysis.phases).formats)
    var tensor: [(rate: Double, formats: [DType])] = []
    for dtype in DType.allCases where !rates[tensor: dtype].isNaN {
      // A rate given for every format is no fact about those that nobody uses.
      guard analysis.options.tensorPeak == nil || used.contains(dtype) else { continue }
      if let known = tensor.firstIndex(where: { $0.rate == rates[tensor: dtype] }) {
        tensor[known].formats.append(dtype)
      } else {
        tensor.append((rates[tensor: dtype], [dtype]))
      }
    }
    var roofs = tensor.map { rate, formats in
      Roofline(
        name: "\(formats.map(\.rawValue).joined(separator: ", ")) tensor", level: .compute, rate: rate,
        isInUse: !used.isDisjoint(with: formats), isAchieved: false)
    }
    if !rates.vector.isNaN {
      roofs.append(
        Roofline(
          name: "fp32 vector", level: .compute, rate: rates.vector, isInUse: costs.contains { $0.flops.vector > 0 },
          isAchieved: false))
    }
    if !rates.special.isNaN {
      roofs.append(
        Roofline(
          name: "special functions", level: .compute, rate: rates.special,
          isInUse: costs.contains { $0.flops.special > 0 }, isAchieved: false))
    }
    if !rates.bandwidth.isNaN {
      roofs.append(Roofline(name: "DRAM", level: .memory, rate: rates.bandwidth, isInUse: true, isAchieved: false))
    }
    return roofs
  }

  private static func roofs(_ ceilings: AchievedCeilings, _ analysis: Analysis) -> [Roofline] {
    var roofs = DType.allCases.compactMap { dtype in
      ceilings.sustained[dtype].map {
        Roofline(
          name: "\(dtype.rawValue)\(dtype.runsOnTensorCores ? " tensor" : "") measured", level: .compute, rate: $0,
          isInUse: false, isAchieved: true)
      }
    }
    let memory = [("DRAM measured", ceilings.bandwidth), ("L2 measured", ceilings.l2Bandwidth)]
    roofs += memory.compactMap { name, rate in
      rate.map { Roofline(name: name, level: .memory, rate: $0, isInUse: false, isAchieved: true) }
    }
    if let special = ceilings.special {
      roofs.append(
        Roofline(
          name: "special functions measured", level: .compute, rate: special, isInUse: false, isAchieved: true))
    }
    return roofs
  }

  package var description: String {
    let largest = points.sorted { $0.share > $1.share }.prefix(Self.named).map {
      "\($0.pass.rawValue) \($0.name): \(Numbers.fixed($0.intensity, decimals: 2)) FLOP/B, \(Numbers.scaled($0.rate))FLOP/s, \(Numbers.percent($0.share)) % of the time"
    }
    return
      "Roofline, both axes logarithmic. Roofs: \(roofs.map(\.text).joined(separator: "; ")). Largest operators: \(largest.joined(separator: "; "))."
  }
}

/// Which pass a mark is of, and how it looks.
package enum PassMark: String, Hashable, Sendable, CaseIterable {
  case prefill, decode, forward, backward

  init(_ step: DecoderStep) {
    switch (step.trainingPass, step.phase) {
    case (.forward, _): self = .forward
    case (.backward, _): self = .backward
    case (nil, .prefill): self = .prefill
    case (nil, .decode): self = .decode
    }
  }

  var symbol: MarkSymbol {
    switch self {
    case .prefill, .forward: .circle
    case .decode, .backward: .diamond
    }
  }

  var hue: Hue {
    switch self {
    case .prefill, .forward: .vermillion
    case .decode, .backward: .blue
    }
  }
}

extension RooflineFigure.OperatorPoint {
  /// nil of a row that has no place among roofs: it computes nothing, moves nothing, or its time is unknown.
  fileprivate init?(_ row: RowPrediction, of phase: PhaseAnalysis, _ reference: RowReference, measured: Double?) {
    guard row.cost.flops.total > 0, let intensity = row.cost.arithmeticIntensity?.value, let time = row.time,
      let rate = row.cost.attainablePerformance(in: time, rates: phase.rates)?.value, let whole = phase.time?.value,
      whole > 0
    else { return nil }
    name = phase.label(of: row)
    pass = PassMark(phase.step)
    self.intensity = intensity
    self.rate = rate
    self.row = reference
    share = time.value * Double(row.occurrences.value) / whole
    self.measured = measured.map { Double(row.cost.flops.total.value) / $0 }
    tip = Drawing.Tip(row, of: phase, reference, measured: measured)
  }
}
