import RooflineAnalysis
import RooflineCore

/// The time of a pass over the batch, or over the context, stacked by what limits its rows.
package struct LatencyFigure: Figure {
  package let kind = FigureKind.latency
  package let caption: FigureCaption
  package let axis: Axis
  package let panels: [Panel]
  package let notes: [String]

  /// What grows.
  package enum Axis: String, Hashable, Sendable, CaseIterable {
    case batch, context

    /// What it is called under the bars of a pass.
    func title(_ pass: String) -> String {
      switch self {
      case .batch: "batch, sequences a replica"
      case .context: pass == "decode" ? "keys attended" : "tokens of a sequence"
      }
    }
  }

  /// A kind of pass.
  package struct Panel: Hashable, Sendable {
    package let pass: String
    package let bars: [Bar]
  }

  package struct Bar: Hashable, Sendable {
    /// Batch or context.
    package let size: UInt64
    /// Time of the rows with each bound, s.
    package let seconds: [Bound: Double]
    /// What an engine adds to them, s.
    package let engine: Double
    /// Whether it is the run's own.
    package let isOwn: Bool

    package var total: Double { Bound.allCases.reduce(engine) { $0 + (seconds[$1] ?? 0) } }
  }

  /// - Parameters:
  ///   - sizes: of the axis, in the order in which they are to stand.
  ///   - analyze: the run with a size; throws where it is none.
  package init(
    over axis: Axis, _ sizes: [UInt64], own: UInt64, caption: FigureCaption,
    analyze: (UInt64) throws(InputError) -> Analysis
  ) throws(InputError) {
    self.axis = axis
    self.caption = caption
    var bars: [String: [Bar]] = [:]
    var passes: [String] = []
    var refused: [UInt64] = []
    var reason: InputError?
    for size in sizes {
      let analysis: Analysis
      do { analysis = try analyze(size) } catch {
        refused.append(size)
        reason = error
        continue
      }
      for phase in analysis.phases where phase.time != nil {
        let summary = PassSummary(phase)
        let seconds = Bound.allCases.compactMap { bound in
          summary.time(boundBy: bound).map { (bound, $0.value) }
        }
        if !passes.contains(phase.step.name) { passes.append(phase.step.name) }
        bars[phase.step.name, default: []].append(
          Bar(
            size: size, seconds: Dictionary(uniqueKeysWithValues: seconds),
            engine: analysis.engineParts(of: phase).reduce(0) { $0 + $1.time.value }, isOwn: size == own))
      }
    }
    panels = passes.map { Panel(pass: $0, bars: bars[$0] ?? []) }
    guard !panels.isEmpty else {
      throw reason ?? .usage("--kind latency: no pass has a time; notes of `analyze` say which facts are missing")
    }
    notes =
      refused.isEmpty ? [] : ["not possible: \(axis.rawValue) of \(refused.map(String.init).joined(separator: ", "))"]
  }

  /// Powers of two around a run's own size, which stands among them.
  ///
  /// - Parameter positions: of the model, beyond which no context goes; nil where it says none.
  package static func sizes(_ axis: Axis, own: UInt64, positions: UInt64?) -> [UInt64] {
    let (first, last): (UInt64, UInt64) =
      switch axis {
      case .batch: (1, 512)
      case .context: (512, min(positions ?? 131_072, 1_048_576))
      }
    var sizes: [UInt64] = [own]
    var size = first
    while size <= max(first, last) {
      if size != own { sizes.append(size) }
      size *= 2
    }
    return sizes.sorted()
  }

  package var description: String {
    panels.map { panel in
      let bars = panel.bars.map { bar in "\(bar.size): \(Numbers.time(Seconds(bar.total)))" }
      return "\(panel.pass) by \(axis.rawValue): \(bars.joined(separator: ", "))."
    }.joined(separator: " ")
  }

  // MARK: drawing

  private var legend: Legend {
    Bound.legend(
      panels.flatMap { $0.bars.flatMap { bar in bar.seconds.filter { $0.value > 0 }.map(\.key) } },
      hasEngine: panels.contains { $0.bars.contains { $0.engine > 0 } })
  }

  private func columns(_ width: FigureWidth) -> Int { width == .wide ? panels.count : 1 }

  package func height(_ width: FigureWidth) -> Double {
    let rows = Double(panels.count / columns(width))
    return (width == .wide ? 420 : 320) * rows + legend.height(width.pixels - 32)
  }

  package func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth) {
    legend.draw(on: &canvas, in: area)
    let columns = columns(width)
    let cells = area.below(legend.height(area.width)).cells(
      columns: columns, rows: panels.count / columns, gap: columns > 1 ? 24 : 8)
    for (panel, cell) in zip(panels, cells) { draw(panel, on: &canvas, in: cell) }
  }

  private func draw(_ panel: Panel, on canvas: inout Canvas, in area: Box) {
    let count = Double(panel.bars.count)
    let longest = panel.bars.map(\.total).max() ?? 1
    let axes = Axes(
      on: &canvas, in: area, x: (.linear, 0...count, .init("\(axis.title(panel.pass)); * is this run")),
      y: (.linear, 0...AxisScale.end(for: longest), .init("\(panel.pass), time of one pass", TickText.time)),
      labels: panel.bars.enumerated().map { index, bar in
        ("\(Self.text(bar.size))\(bar.isOwn ? "*" : "")", (Double(index) + 0.5) / count)
      })
    for (index, bar) in panel.bars.enumerated() {
      let (left, right) = (axes.x.place(Double(index) + 0.15), axes.x.place(Double(index) + 0.85))
      var floor = 0.0
      let facts =
        Bound.allCases.compactMap { bound in
          bar.seconds[bound].flatMap { seconds in
            seconds > 0 ? Drawing.Tip.Fact("bound by \(bound.rawValue)", Numbers.time(Seconds(seconds))) : nil
          }
        } + (bar.engine > 0 ? [.init("what the engine adds", Numbers.time(Seconds(bar.engine)))] : []) + [
          .init("together", Numbers.time(Seconds(bar.total)))
        ]
      let tip = Drawing.Tip(heading: "\(panel.pass), \(axis.rawValue) \(Numbers.grouped(bar.size))", facts: facts)
      let parts = Bound.allCases.map { (seconds: bar.seconds[$0] ?? 0, hue: $0.hue) } + [(bar.engine, Hue.engine)]
      for (seconds, hue) in parts where seconds > 0 {
        let (bottom, top) = (axes.y.place(floor), axes.y.place(floor + seconds))
        canvas.rectangle(
          // A thin gap between parts, where there is room.
          Box(left: left, top: top, width: right - left, height: bottom - top - (bottom - top > 4 ? 0.7 : 0)),
          Style(.area, hue), tip: tip)
        floor += seconds
      }
    }
  }

  /// 128, 4K, 128K: as people call contexts.
  private static func text(_ size: UInt64) -> String {
    size >= 1024 && size.isMultiple(of: 1024) ? "\(size / 1024)K" : String(size)
  }
}
