import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels

/// Predicted against measured times of kernels.
package struct AccuracyFigure: Figure {
  package let kind = FigureKind.accuracy
  package let caption: FigureCaption
  /// By kernel, the most frequent first.
  package let series: [Series]
  /// s, of both axes: decades.
  package let times: ClosedRange<Double>
  package let notes: [String]

  package struct Series: Hashable, Sendable {
    package let name: String
    package let points: [Pair]
  }

  package struct Pair: Hashable, Sendable {
    package let title: String
    /// s.
    package let predicted, measured: Double
  }

  /// A picture of more points is slow to open, and no clearer.
  private static let most = 2000
  /// Colours that are told apart at a glance.
  private static let hues: [Hue] = [.blue, .vermillion, .green, .purple, .orange, .grey]

  package init(_ comparison: Comparison, on hardware: HardwareSpec, notes: [String], tool: String) throws(InputError) {
    let lines = comparison.lines
    guard !lines.isEmpty else {
      let reason = comparison.unpredicted.first.map { ": \($0.reason)" } ?? ""
      throw .usage("--kind accuracy: none of the measurements has a prediction\(reason)")
    }
    // Every n-th, so that the rest says what all say.
    let step = (lines.count + Self.most - 1) / Self.most
    var pairs: [(name: String, points: [Pair])] = []
    for index in stride(from: 0, to: lines.count, by: step) {
      let line = lines[index]
      let name = line.observation.value.place?.name ?? line.observation.value.kind.rawValue
      let pair = Pair(title: line.observation.title, predicted: line.predicted, measured: line.observation.seconds)
      if let known = pairs.firstIndex(where: { $0.name == name }) {
        pairs[known].points.append(pair)
      } else {
        pairs.append((name, [pair]))
      }
    }
    pairs.sort { ($0.points.count, $1.name) > ($1.points.count, $0.name) }
    let shown = Self.hues.count
    var series = pairs.prefix(shown - 1).map { Series(name: $0.name, points: $0.points) }
    let rest = pairs.dropFirst(shown - 1)
    if let only = rest.first {
      series.append(
        Series(name: rest.count == 1 ? only.name : "\(rest.count) other kernels", points: rest.flatMap(\.points)))
    }
    self.series = series
    let all = lines.flatMap { [$0.predicted, $0.observation.seconds] }.filter { $0 > 0 && $0.isFinite }
    times = AxisScale.snapped((all.min() ?? 1e-6)...(all.max() ?? 1))
    let statistics = comparison.statistics.map {
      "\($0.n) kernels: mean error \(Numbers.percent($0.mape)) %, median \(Numbers.percent($0.medianApe)) %, bias \(Numbers.percent($0.bias)) %"
    }
    caption = FigureCaption(
      title: "predicted against measured on \(hardware.name)",
      subtitle: "\(statistics ?? "\(lines.count) kernels"); calibrated times under the conditions of the measurement",
      source: FigureCaption.source([hardware.provenance], tool: tool))
    var told = comparison.unpredicted.prefix(3).map { "left out \(Numbers.counted(UInt64($0.n), "row")): \($0.reason)" }
    if step > 1 { told.insert("one of \(step) measurements is drawn; the errors are of all", at: 0) }
    self.notes = told + notes
  }

  package var description: String {
    "Predicted against measured times, both axes logarithmic from \(Numbers.time(Seconds(times.lowerBound))) to \(Numbers.time(Seconds(times.upperBound))). \(caption.subtitle). \(series.map { "\($0.name): \($0.points.count) points" }.joined(separator: ", "))."
  }

  // MARK: drawing

  private func symbol(_ index: Int) -> MarkSymbol { [.circle, .diamond, .square, .triangle][index % 4] }

  private var legend: Legend {
    Legend(
      entries: series.enumerated().map { index, series in
        Legend.Entry(series.name, Style(.hollow, Self.hues[index]), symbol(index))
      } + [.init("equal", Style(.roof)), .init("15 % off", Style(.achieved))])
  }

  package func height(_ width: FigureWidth) -> Double {
    (width == .wide ? 600 : 380) + legend.height(width.pixels - 32)
  }

  package func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth) {
    legend.draw(on: &canvas, in: area)
    let axes = Axes(
      on: &canvas, in: area.below(legend.height(area.width)),
      x: (.logarithmic, times, .init("measured time", TickText.time)),
      y: (.logarithmic, times, .init("predicted time", TickText.time)))
    let (low, high) = (times.lowerBound, times.upperBound)
    canvas.line(axes.point(low, low), axes.point(high, high), Style(.roof))
    canvas.line(axes.point(low, low * 1.15), axes.point(high / 1.15, high), Style(.achieved))
    canvas.line(axes.point(low * 1.15, low), axes.point(high, high / 1.15), Style(.achieved))
    for (index, series) in series.enumerated() {
      for pair in series.points {
        canvas.mark(
          symbol(index), at: axes.point(pair.measured, pair.predicted), radius: 3, Style(.hollow, Self.hues[index]),
          tip: Drawing.Tip(
            heading: pair.title,
            facts: [
              .init("predicted", Numbers.time(Seconds(pair.predicted))),
              .init("measured", Numbers.time(Seconds(pair.measured))),
              .init("error", "\(Numbers.percent(pair.predicted / pair.measured - 1)) %"),
            ]))
      }
    }
  }
}
