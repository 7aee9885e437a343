import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels

/// The curves of note 004: rates of single kernels over their sizes.
package struct KernelsFigure: Figure {
  package let kind = FigureKind.kernels
  package let caption: FigureCaption
  package let panels: [Panel]
  package let notes: [String]

  package struct Panel: Hashable, Sendable {
    package let curve: KernelCurve
    package let points: [CurvePoint]
    package let measured: [MeasuredPoint]
  }

  /// B/s or FLOP/s of a size.
  package struct CurvePoint: Hashable, Sendable {
    package let size: UInt64
    package let rate: Double
    /// At the ideal time.
    package let roof: Double
    /// Where a share of measurements lies; nil where there is no telling.
    package let interval: ClosedRange<Double>?
  }

  package struct MeasuredPoint: Hashable, Sendable {
    package let size: UInt64
    package let rate: Double
  }

  package init(
    on hardware: HardwareSpec, dtype: DType, options: RateOptions, time: TimeRequest?, observations: [Observation],
    tool: String
  ) throws(InputError) {
    let formats = NumberFormats(dtype)
    let rows = observations.isEmpty ? nil : MeasuredRows(observations)
    var panels: [Panel] = []
    var uncalibrated: [String] = []
    var others: [String] = []
    for curve in KernelCurve.allCases {
      var points: [CurvePoint] = []
      for size in curve.sizes {
        let kernel = try KernelAnalysis(
          try curve.arguments(size), formats: formats, hardware: hardware, options: options, time: time)
        guard let point = CurvePoint(kernel, size, of: curve) else { continue }
        points.append(point)
        if kernel.calibrated != nil, kernel.prediction.basis == .uncalibrated, !uncalibrated.contains(curve.title) {
          uncalibrated.append(curve.title)
        }
        for case .borrowedConstants(let from, _, _) in kernel.notices where !others.contains(from) {
          others.append(from)
        }
      }
      panels.append(
        Panel(
          curve: curve, points: points,
          measured: try rows.map { rows throws(InputError) in
            try Self.measured(curve, rows, observations, formats)
          } ?? []))
    }
    self.panels = panels
    let times = time.map { $0.correction == nil ? "calibrated times" : "anchored times" } ?? "ideal times"
    caption = FigureCaption(
      title: "kernels on \(hardware.name)",
      subtitle: "\(dtype.rawValue), bytes or matrix products over the time of one kernel; \(times)",
      source: FigureCaption.source([hardware.provenance], tool: tool))
    notes =
      (uncalibrated.isEmpty
        ? [] : ["at their ideal times, since nobody has constants for them: \(uncalibrated.joined(separator: "; "))"])
      + (others.isEmpty ? [] : ["constants of \(others.joined(separator: ", "))"])
      + (rows != nil && panels.allSatisfy { $0.measured.isEmpty }
        ? ["none of the measurements is of these shapes"] : [])
  }

  /// Measurements of a curve's kernels, whatever their sizes.
  private static func measured(
    _ curve: KernelCurve, _ rows: MeasuredRows, _ observations: [Observation], _ formats: NumberFormats
  ) throws(InputError) -> [MeasuredPoint] {
    var sizes: Set<UInt64> = []
    for observation in observations {
      for size in observation.value.place?.sizes ?? [] where size.name == curve.axis.column {
        if let whole = UInt64(exactly: size.value), whole > 0 { sizes.insert(whole) }
      }
    }
    var points: [MeasuredPoint] = []
    let limit = curve.sizes.last ?? 0
    for size in sizes.sorted() where size <= limit {
      let value: Operator<Count> = try curve.arguments(size).definition(formats)
      guard let seconds = rows[value]?.median else { continue }
      points.append(MeasuredPoint(size: size, rate: curve.work(value.cost) / seconds))
    }
    return points
  }

  package var description: String {
    panels.map { panel in
      let last = panel.points.last.map { "\(Numbers.scaled($0.rate))\(panel.unit) at \($0.size)" } ?? "no time"
      let measured = panel.measured.isEmpty ? "" : ", \(panel.measured.count) measurements"
      return "\(panel.curve.title): \(last)\(measured)."
    }.joined(separator: " ")
  }

  // MARK: drawing

  private var legend: Legend {
    var entries = [Legend.Entry("predicted", Style(.line, .blue)), Legend.Entry("roof", Style(.achieved))]
    if panels.contains(where: { $0.points.contains { $0.interval != nil } }) {
      entries.append(Legend.Entry("interval", Style(.band, .blue)))
    }
    if panels.contains(where: { !$0.measured.isEmpty }) {
      entries.append(Legend.Entry("measured", Style(.hollow, .vermillion), .circle))
    }
    return Legend(entries: entries)
  }

  package func height(_ width: FigureWidth) -> Double {
    (width == .wide ? 2 * 260 : 6 * 250) + legend.height(width.pixels - 32)
  }

  package func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth) {
    legend.draw(on: &canvas, in: area)
    let columns = width == .wide ? 3 : 1
    let cells = area.below(legend.height(area.width)).cells(columns: columns, rows: panels.count / columns, gap: 18)
    for (panel, cell) in zip(panels, cells) { panel.draw(on: &canvas, in: cell) }
  }
}

extension KernelCurve {
  /// What its rate counts.
  fileprivate func work(_ cost: OperatorCost) -> Double {
    Double(isOfBytes ? cost.traffic.total.value : cost.flops.tensor.value)
  }
}

extension KernelsFigure.CurvePoint {
  fileprivate init?(_ kernel: KernelAnalysis, _ size: UInt64, of curve: KernelCurve) {
    let prediction = kernel.prediction
    guard let time = prediction.time?.value, let ideal = prediction.ideal(kernel.rates, kernel.options).time?.value,
      time > 0, ideal > 0
    else { return nil }
    self.size = size
    let work = curve.work(prediction.cost)
    rate = work / time
    roof = work / ideal
    interval = kernel.calibrated.flatMap { calibrated in
      kernel.timed?.interval(prediction, by: calibrated).map { factors in
        work / (time * factors.upperBound)...work / (time * factors.lowerBound)
      }
    }
  }
}

extension KernelsFigure.Panel {
  var unit: String { curve.isOfBytes ? "B/s" : "FLOP/s" }

  fileprivate func draw(on canvas: inout Canvas, in area: Box) {
    canvas.text(TextMetrics.fitting(curve.title, width: area.width, size: 12), at: Point(area.left, area.top + 12))
    let highest = (points.map { max($0.rate, $0.roof) } + measured.map(\.rate)).max() ?? 1
    let axes = Axes(
      on: &canvas, in: area.below(18), x: (.linear, 0...Double(curve.sizes.last ?? 1), .init(curve.axis.title)),
      y: (.linear, 0...AxisScale.end(for: highest), .init(unit)))
    let withInterval = points.compactMap { point in point.interval.map { (Double(point.size), $0) } }
    let band =
      withInterval.map { axes.point($0.0, $0.1.upperBound) }
      + withInterval.reversed().map { axes.point($0.0, $0.1.lowerBound) }
    canvas.path(band, isClosed: true, Style(.band, .blue))
    canvas.path(points.map { axes.point(Double($0.size), $0.roof) }, Style(.achieved))
    canvas.path(points.map { axes.point(Double($0.size), $0.rate) }, Style(.line, .blue))
    for point in points {
      let facts: [Drawing.Tip.Fact] =
        [
          .init("predicted", "\(Numbers.scaled(point.rate))\(unit)"),
          .init("roof", "\(Numbers.scaled(point.roof))\(unit)"),
        ]
        + (point.interval.map {
          [.init("interval", "\(Numbers.scaled($0.lowerBound))\(unit) to \(Numbers.scaled($0.upperBound))\(unit)")]
        } ?? [])
      canvas.mark(
        .circle, at: axes.point(Double(point.size), point.rate), radius: 2, Style(.mark, .blue),
        tip: Drawing.Tip(heading: "\(curve.title), \(point.size)", facts: facts))
    }
    for point in measured {
      canvas.mark(
        .circle, at: axes.point(Double(point.size), point.rate), radius: 4, Style(.hollow, .vermillion),
        tip: Drawing.Tip(
          heading: "\(curve.title), \(point.size)", facts: [.init("measured", "\(Numbers.scaled(point.rate))\(unit)")]))
    }
  }
}
