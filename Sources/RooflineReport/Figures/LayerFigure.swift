import RooflineAnalysis
import RooflineCore

/// The time of a pass by operator: a bar a row, all its occurrences together.
package struct LayerFigure: Figure {
  package let kind = FigureKind.layer
  package let caption: FigureCaption
  package let panels: [Panel]
  package let notes: [String]

  /// A pass.
  package struct Panel: Hashable, Sendable {
    package let name: String
    /// All rows and what an engine adds, s.
    package let seconds: Double
    package let bars: [Bar]
  }

  package struct Bar: Hashable, Sendable {
    package let name: String
    /// All occurrences together, s.
    package let seconds: Double
    package let share: Double
    /// nil of rows that have no bar of their own, and of what an engine adds.
    package let bound: Bound?
    /// Whether it is what an engine adds.
    package var isEngine = false
    let tip: Drawing.Tip
  }

  /// Rows with a bar of their own.
  private static let shown = 24

  package init(_ analysis: Analysis, caption: FigureCaption) throws(InputError) {
    self.caption = caption
    var panels: [Panel] = []
    for (index, phase) in analysis.phases.enumerated() {
      guard let kernels = phase.time, kernels.value > 0 else { continue }
      let parts = analysis.engineParts(of: phase)
      let whole = parts.reduce(kernels.value) { $0 + $1.time.value }
      panels.append(Panel(phase, index, parts, whole: whole, shown: Self.shown))
    }
    guard !panels.isEmpty else {
      throw .usage("--kind layer: no pass has a time; notes of `analyze` say which facts are missing")
    }
    self.panels = panels
    let missing = analysis.phases.filter { $0.time == nil }.map(\.step.name)
    notes = missing.isEmpty ? [] : ["\(missing.joined(separator: ", ")): not shown, since the time of a row is unknown"]
  }

  package var description: String {
    panels.map { panel in
      let bars = panel.bars.map {
        "\($0.name) \(Numbers.time(Seconds($0.seconds))) (\($0.isEngine ? "engine" : $0.bound?.rawValue ?? "several"))"
      }
      return "\(panel.name), \(Numbers.time(Seconds(panel.seconds))): \(bars.joined(separator: ", "))."
    }.joined(separator: " ")
  }

  // MARK: drawing

  private static let row = 19.0
  private var legend: Legend {
    Bound.legend(
      panels.flatMap { $0.bars.compactMap(\.bound) }, hasEngine: panels.contains { $0.bars.contains(where: \.isEngine) }
    )
  }

  private func columns(_ width: FigureWidth) -> Int { width == .wide ? panels.count : 1 }

  private func panelHeight(_ panel: Panel) -> Double { Double(panel.bars.count) * Self.row + 76 }

  package func height(_ width: FigureWidth) -> Double {
    let heights = panels.map(panelHeight)
    let own = columns(width) == 1 ? heights.reduce(0, +) : heights.max() ?? 0
    return own + legend.height(width.pixels - 32)
  }

  package func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth) {
    legend.draw(on: &canvas, in: area)
    let body = area.below(legend.height(area.width))
    var top = body.top
    let gap = 24.0
    let columns = Double(columns(width))
    let own = (body.width - gap * (columns - 1)) / columns
    for (index, panel) in panels.enumerated() {
      let height = panelHeight(panel)
      let left = columns > 1 ? body.left + Double(index) * (own + gap) : body.left
      draw(panel, on: &canvas, in: Box(left: left, top: top, width: own, height: height))
      if columns == 1 { top += height }
    }
  }

  private func draw(_ panel: Panel, on canvas: inout Canvas, in area: Box) {
    canvas.text(
      TextMetrics.fitting("\(panel.name), \(Numbers.time(Seconds(panel.seconds))) in all", width: area.width, size: 12),
      at: Point(area.left, area.top + 14))
    let names = panel.bars.map { TextMetrics.fitting($0.name, width: area.width * 0.4, size: 11) }
    let margin = (names.map { TextMetrics.width($0, size: 11) }.max() ?? 0) + 8
    let bottom = area.top + 28 + Double(panel.bars.count) * Self.row
    // Room for the text behind the longest bar.
    let room = TextMetrics.width("999.99 ms, 99.9 %", size: 11) + 8
    let longest = panel.bars.map(\.seconds).max() ?? 1
    let scale = AxisScale(
      .linear, 0...AxisScale.end(for: longest), from: area.left + margin,
      to: max(area.left + margin + 40, area.right - room))
    var last = -Double.infinity
    for tick in scale.ticks {
      let place = scale.place(tick)
      canvas.line(Point(place, area.top + 24), Point(place, bottom), Style(.grid))
      let text = TickText.time(tick)
      let half = TextMetrics.width(text, size: 11) / 2
      guard place - half > last + 4, place + half <= area.right + 8 else { continue }
      canvas.text(text, at: Point(place, bottom + 14), size: 11, .middle, .muted)
      last = place + half
    }
    canvas.text("time in the pass, all occurrences", at: Point(area.left + margin, bottom + 32))
    for (index, bar) in panel.bars.enumerated() {
      let top = area.top + 28 + Double(index) * Self.row
      canvas.text(names[index], at: Point(area.left + margin - 6, top + 12), size: 11, .end, tip: bar.tip)
      let end = scale.place(bar.seconds)
      canvas.rectangle(
        Box(left: scale.start, top: top + 1, width: max(0.5, end - scale.start), height: Self.row - 4),
        Style(.area, bar.isEngine ? .engine : bar.bound?.hue ?? .grey), tip: bar.tip)
      let text = "\(Numbers.time(Seconds(bar.seconds))), \(Numbers.percent(bar.share)) %"
      canvas.text(text, at: Point(end + 5, top + 12), size: 11, .start, .muted)
    }
    canvas.line(Point(scale.start, area.top + 24), Point(scale.start, bottom), Style(.axis))
  }
}

extension LayerFigure.Panel {
  fileprivate init(
    _ phase: PhaseAnalysis, _ index: Int, _ parts: [(part: PassOverhead.Part, time: Seconds)], whole: Double, shown: Int
  ) {
    name = phase.step.name
    seconds = whole
    let engine = parts.map { LayerFigure.Bar($0.part, $0.time, whole: whole) }
    let rows = phase.operators.enumerated().map { place, row in
      LayerFigure.Bar(row, of: phase, RowReference(phase: index, row: place), whole: whole)
    }
    guard rows.count > shown else {
      bars = rows + engine
      return
    }
    // The largest, in the order in which they run; the rest in one bar.
    let order = rows.indices.sorted { (rows[$0].seconds, $1) > (rows[$1].seconds, $0) }
    let chosen = Set(order.prefix(shown - 1))
    let rest = rows.indices.filter { !chosen.contains($0) }
    let sum = rest.reduce(0) { $0 + rows[$1].seconds }
    bars =
      rows.indices.filter(chosen.contains).map { rows[$0] } + [
        LayerFigure.Bar(
          name: "\(rest.count) other rows", seconds: sum, share: sum / whole, bound: nil,
          tip: Drawing.Tip(
            heading: "\(rest.count) other rows",
            facts: order.dropFirst(shown - 1).prefix(8).map {
              .init(rows[$0].name, Numbers.time(Seconds(rows[$0].seconds)))
            }
              + (rest.count > 8 ? [.init("and \(rest.count - 8) more", "")] : [])))
      ] + engine
  }
}

extension LayerFigure.Bar {
  fileprivate init(_ part: PassOverhead.Part, _ time: Seconds, whole: Double) {
    name = "engine: \(EngineText.name(part))"
    (seconds, share, bound, isEngine) = (time.value, time.value / whole, nil, true)
    tip = Drawing.Tip(
      heading: name,
      facts: [
        .init("time", Numbers.time(time)), .init("share of the pass", "\(Numbers.percent(share)) %"),
        .init("is", "what the engine adds to the kernels"),
      ])
  }

  fileprivate init(_ row: RowPrediction, of phase: PhaseAnalysis, _ reference: RowReference, whole: Double) {
    name = phase.label(of: row)
    let occurrences = row.occurrences.value
    seconds = (row.time?.value ?? 0) * Double(occurrences)
    share = seconds / whole
    bound = row.bound
    tip = Drawing.Tip(row, of: phase, reference)
  }
}
