import RooflineCore

extension LoadFigure {
  private var legend: Legend {
    Legend(
      entries: series.enumerated().map { index, series in
        Legend.Entry(series.name, Style(.mark, Self.hues[index]), ParetoFigure.symbol(index))
      })
  }

  private func columns(_ width: FigureWidth) -> Int { width == .wide ? waits.count : 1 }

  package func height(_ width: FigureWidth) -> Double {
    (width == .wide ? 420 : 320) * Double(waits.count / columns(width)) + legend.height(width.pixels - 32)
  }

  package func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth) {
    legend.draw(on: &canvas, in: area)
    let columns = columns(width)
    let cells = area.below(legend.height(area.width)).cells(
      columns: columns, rows: waits.count / columns, gap: columns > 1 ? 24 : 8)
    for (wait, cell) in zip(waits, cells) { draw(wait, on: &canvas, in: cell, most: width == .wide ? 16 : 8) }
  }

  private func draw(_ wait: Wait, on canvas: inout Canvas, in area: Box, most: Int) {
    let all = series.flatMap(\.spots).compactMap { $0.times[wait] }.flatMap { [$0.mean, $0.median, $0.p99] }
    let fastest = series.flatMap(\.spots).map(\.device).max() ?? 1
    let axes = Axes(
      on: &canvas, in: area, x: (.linear, 0...AxisScale.end(for: fastest), .init("tokens/s of a GPU")),
      y: (
        .logarithmic, AxisScale.snapped((all.min() ?? 1)...(all.max() ?? 1)),
        .init("\(wait.title), mean and p50 to p99", TickText.time)
      ))
    var avoided: [LabelPlacer.Obstacle] = []
    for (index, series) in series.enumerated() {
      let spots = series.spots.compactMap { spot in spot.times[wait].map { (spot: spot, times: $0) } }
      func line(_ time: (Times) -> Double) -> [Point] { spots.map { axes.point($0.spot.device, time($0.times)) } }
      let mean = line(\.mean)
      if spots.count > 1 {
        canvas.path(line(\.p99) + line(\.median).reversed(), isClosed: true, Style(.band, Self.hues[index]))
        canvas.path(mean, Style(.line, Self.hues[index]))
      }
      for (from, to) in zip(mean, mean.dropFirst()) {
        for step in 0..<8 {
          let share = Double(step) / 8
          avoided.append(
            .init(
              box: Box(
                left: from.x + share * (to.x - from.x), top: from.y + share * (to.y - from.y), width: 0, height: 0
              ).grown(by: 4), cost: 8))
        }
      }
      for (place, (spot, _)) in zip(mean, spots) {
        canvas.mark(
          ParetoFigure.symbol(index), at: place, radius: 4,
          Style(spot.isQueueGrowing ? .hollow : .mark, Self.hues[index]),
          tip: spot.tip)
        avoided.append(.init(box: Box(left: place.x, top: place.y, width: 0, height: 0).grown(by: 5), cost: 40))
      }
    }
    label(wait, on: &canvas, axes, avoided, most: most)
  }

  /// The loads at the marks: of each curve its ends, and between them as many as there is room for.
  private func label(
    _ wait: Wait, on canvas: inout Canvas, _ axes: Axes, _ avoided: [LabelPlacer.Obstacle], most: Int
  ) {
    var placer = LabelPlacer(axes.box, avoiding: avoided)
    let each = max(2, most / max(1, series.count))
    for series in series {
      let spots = series.spots.filter { $0.times[wait] != nil }
      var last: Point?
      for index in Self.spread(over: spots.count, most: each) {
        let spot = spots[index]
        let point = axes.point(spot.device, spot.times[wait]?.mean ?? 0)
        if let last, abs(last.x - point.x) + abs(last.y - point.y) < 12 { continue }
        let own = Canvas.box(spot.load.number, at: Point(0, 0), size: 11)
        guard let box = placer.place(width: own.width, height: own.height, around: point, radius: 5) else { continue }
        last = point
        canvas.text(
          spot.load.number, at: Point(box.left, box.top + TextMetrics.ascent * 11), size: 11, .start, .muted)
      }
    }
  }

  /// Places of so many among `count`, both ends included, in order.
  private static func spread(over count: Int, most: Int) -> [Int] {
    guard count > most else { return Array(0..<count) }
    return (0..<most).map { $0 * (count - 1) / (most - 1) }
  }
}
