import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels

/// From the roof to the calibrated time, part by part, and to what was measured.
package struct WaterfallFigure: Figure {
  package let kind = FigureKind.waterfall
  package let caption: FigureCaption
  package let panels: [Panel]
  package let notes: [String]

  /// A row, or all rows of a pass.
  package struct Panel: Hashable, Sendable {
    package let name: String
    package let steps: [Step]
  }

  package struct Step: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case part, engine, sum, measured }

    package let name: String
    package let kind: Kind
    /// Where it begins and ends, s.
    package let from, to: Double
    let facts: [Drawing.Tip.Fact]
  }

  /// - Parameter wanted: the row that is shown; nil: all of a pass together.
  /// - Throws: `InputError.usage` where times are ideal, or no row has the name.
  package init(
    _ analysis: Analysis, row wanted: String?, measured: MeasuredRows?, caption: FigureCaption
  ) throws(InputError) {
    guard let time = analysis.calibrated else {
      throw .usage("--kind waterfall shows what kernels take beyond the roof; give --time calibrated")
    }
    self.caption = caption
    var panels: [Panel] = []
    var notes: [String] = []
    for phase in analysis.phases {
      let rows = zip(phase.operators, phase.timedRows(by: time)).filter { row, _ in
        row.time != nil && (wanted == nil || row.name.rawValue == wanted)
      }
      guard !rows.isEmpty else { continue }
      if wanted == nil {
        let sum = Sum(rows.map { ($0.0, $0.1, Double($0.0.occurrences.value)) }, measured)
        panels.append(sum.panel(phase.step.name, analysis.engineParts(of: phase)))
        let without = rows.filter { $0.1 == nil || $0.0.basis == .uncalibrated }.map { phase.label(of: $0.0) }
        if !without.isEmpty {
          notes.append("\(phase.step.name): at their roof, since nobody has constants for them: \(Self.list(without))")
        }
        if measured != nil, sum.measured == nil {
          notes.append("\(phase.step.name): not all of its rows were measured; --operator shows one that was")
        }
      } else {
        for (row, timed) in rows {
          panels.append(Sum([(row, timed, 1)], measured).panel("\(phase.step.name) \(phase.label(of: row))"))
        }
      }
    }
    guard !panels.isEmpty else {
      let names = analysis.phases.flatMap { $0.operators.map(\.name.rawValue) }
      let nearest = Spelling.nearest(to: wanted ?? "", among: names)
      throw .usage(
        "--operator \(wanted ?? ""): no such row\(nearest.isEmpty ? "" : "; did you mean \(nearest.joined(separator: ", "))?")"
      )
    }
    self.panels = panels
    self.notes = notes
  }

  private static func list(_ names: [String]) -> String {
    var unique: [String] = []
    for name in names where !unique.contains(name) { unique.append(name) }
    return unique.prefix(6).joined(separator: ", ") + (unique.count > 6 ? " and \(unique.count - 6) more" : "")
  }

  /// Parts of rows added up.
  private struct Sum {
    var parts: [TimePart.Name: Double] = [:]
    var total = 0.0
    /// nil where a row was not measured.
    var measured: Double?

    init(_ rows: [(row: RowPrediction, timed: TimedRow?, times: Double)], _ observations: MeasuredRows?) {
      measured = observations == nil ? nil : 0
      for (row, timed, times) in rows {
        for part in TimePart.list(row.prediction, timed: timed) {
          parts[part.name, default: 0] += part.seconds * times
        }
        total += (row.time?.value ?? 0) * times
        let own = observations?[row.row.kernel]?.median
        measured = own.flatMap { own in measured.map { $0 + own * times } }
      }
    }

    /// - Parameter engine: what an engine adds to a pass.
    func panel(_ name: String, _ engine: [(part: PassOverhead.Part, time: Seconds)] = []) -> Panel {
      var steps: [Step] = []
      var at = 0.0
      for part in TimePart.Name.allCases {
        guard let seconds = parts[part], seconds != 0 else { continue }
        steps.append(
          Step(
            name: part.rawValue, kind: .part, from: at, to: at + seconds,
            facts: [
              .init(seconds < 0 ? "takes away" : "adds", Numbers.time(Seconds(abs(seconds)))),
              .init("is", part.meaning),
            ]))
        at += seconds
      }
      steps.append(
        Step(
          name: engine.isEmpty ? "prediction" : "kernels", kind: .sum, from: 0, to: total,
          facts: [.init("time", Numbers.time(Seconds(total)))]))
      if let measured {
        steps.append(
          Step(
            name: engine.isEmpty ? "measurement" : "kernels measured", kind: .measured, from: 0, to: measured,
            facts: [
              .init("time", Numbers.time(Seconds(measured))),
              .init("prediction is", "\(Numbers.percent(total / measured - 1)) % off"),
            ]))
      }
      guard !engine.isEmpty else { return Panel(name: name, steps: steps) }
      at = total
      for (part, time) in engine {
        steps.append(
          Step(
            name: "engine: \(EngineText.name(part))", kind: .engine, from: at, to: at + time.value,
            facts: [
              .init("adds", Numbers.time(time)), .init("is", "what the engine takes beside the kernels of a pass"),
            ]))
        at += time.value
      }
      steps.append(
        Step(name: "prediction", kind: .sum, from: 0, to: at, facts: [.init("time", Numbers.time(Seconds(at)))]))
      return Panel(name: name, steps: steps)
    }
  }

  package var description: String {
    panels.map { panel in
      let steps = panel.steps.map { step in
        "\(step.name) \(Numbers.time(Seconds(step.isAdded ? step.to - step.from : step.to)))"
      }
      return "\(panel.name): \(steps.joined(separator: ", "))."
    }.joined(separator: " ")
  }

  // MARK: drawing

  private static let row = 24.0

  private var legend: Legend {
    Legend(
      entries: [
        .init("roof", Style(.area, .grey)), .init("adds", Style(.area, .vermillion)),
        .init("takes away", Style(.area, .green)), .init("prediction", Style(.area, .blue)),
      ] + (has(.engine) ? [.init("what the engine adds", Style(.area, .engine))] : [])
        + (has(.measured) ? [.init("measurement", Style(.area, .orange))] : []))
  }

  private func has(_ kind: Step.Kind) -> Bool { panels.contains { $0.steps.contains { $0.kind == kind } } }

  private func panelHeight(_ panel: Panel) -> Double { Double(panel.steps.count) * Self.row + 80 }

  package func height(_ width: FigureWidth) -> Double {
    panels.reduce(legend.height(width.pixels - 32)) { $0 + panelHeight($1) }
  }

  package func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth) {
    legend.draw(on: &canvas, in: area)
    var top = area.top + legend.height(area.width)
    for panel in panels {
      let height = panelHeight(panel)
      draw(panel, on: &canvas, in: Box(left: area.left, top: top, width: area.width, height: height))
      top += height
    }
  }

  private func draw(_ panel: Panel, on canvas: inout Canvas, in area: Box) {
    canvas.text(TextMetrics.fitting(panel.name, width: area.width, size: 12), at: Point(area.left, area.top + 14))
    let names = ["measurement"] + panel.steps.map(\.name)
    let margin = (names.map { TextMetrics.width($0, size: 12) }.max() ?? 0) + 10
    let first = area.top + 26
    let bottom = first + Double(panel.steps.count) * Self.row
    let room = TextMetrics.width("+999.99 ms", size: 11) + 8
    let longest = panel.steps.map { max($0.from, $0.to) }.max() ?? 1
    let scale = AxisScale(
      .linear, 0...AxisScale.end(for: longest), from: area.left + margin, to: area.right - room)
    var last = -Double.infinity
    for tick in scale.ticks {
      let place = scale.place(tick)
      canvas.line(Point(place, first - 4), Point(place, bottom), Style(.grid))
      let text = TickText.time(tick)
      let index = scale.ticks.firstIndex(of: tick) ?? 0
      let half = TextMetrics.width(text, size: 11) / 2
      guard area.width > 500 || index.isMultiple(of: 2), place - half > last else { continue }
      canvas.text(text, at: Point(place, bottom + 14), size: 11, .middle, .muted)
      last = place + half
    }
    canvas.text("time", at: Point(scale.start, bottom + 32))
    for (index, step) in panel.steps.enumerated() {
      let top = first + Double(index) * Self.row
      let (low, high) = (scale.place(min(step.from, step.to)), scale.place(max(step.from, step.to)))
      let tip = Drawing.Tip(heading: "\(panel.name): \(step.name)", facts: step.facts)
      canvas.text(step.name, at: Point(scale.start - 8, top + 15), .end, tip: tip)
      canvas.rectangle(
        Box(left: low, top: top + 3, width: max(1, high - low), height: Self.row - 7), Style(.area, step.hue), tip: tip)
      if index + 1 < panel.steps.count, step.isAdded {
        let end = scale.place(step.to)
        canvas.line(Point(end, top + Self.row - 4), Point(end, top + Self.row + 3), Style(.leader))
      }
      let size = step.to - step.from
      let sign = !step.isAdded || index == 0 ? "" : size < 0 ? "−" : "+"
      canvas.text(
        "\(sign)\(Numbers.time(Seconds(abs(size))))", at: Point(high + 5, top + 15), size: 11, .start, .muted)
    }
    canvas.line(Point(scale.start, first - 4), Point(scale.start, bottom), Style(.axis))
  }
}

extension WaterfallFigure.Step {
  /// Whether it begins where the one before ends.
  fileprivate var isAdded: Bool { kind == .part || kind == .engine }

  fileprivate var hue: Hue {
    switch kind {
    case .part: name == TimePart.Name.roof.rawValue ? .grey : to < from ? .green : .vermillion
    case .engine: .engine
    case .sum: .blue
    case .measured: .orange
    }
  }
}
