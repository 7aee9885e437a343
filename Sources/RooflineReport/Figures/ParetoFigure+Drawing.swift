import RooflineCore

extension ParetoFigure {
  static func symbol(_ index: Int) -> MarkSymbol { [.circle, .diamond, .square, .triangle][index % 4] }

  private var legend: Legend {
    Legend(
      entries: series.enumerated().map { index, series in
        Legend.Entry(series.name, Style(.mark, Self.hues[index]), Self.symbol(index))
      } + [.init("others that fit", Style(.hollow, .grey), .circle)])
  }

  package func height(_ width: FigureWidth) -> Double {
    (width == .wide ? 520 : 400) + legend.height(width.pixels - 32)
  }

  package func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth) {
    legend.draw(on: &canvas, in: area)
    let axes = Axes(
      on: &canvas, in: area.below(legend.height(area.width)),
      x: (.logarithmic, users, .init("tokens/s of a user, 1/TPOT")),
      y: (.logarithmic, devices, .init("tokens/s of a GPU")))
    var avoided: [LabelPlacer.Obstacle] = []
    func place(_ spot: Spot) -> Point { axes.point(spot.user, spot.device) }
    func avoid(_ point: Point, _ cost: Double) {
      avoided.append(.init(box: Box(left: point.x, top: point.y, width: 0, height: 0).grown(by: 4), cost: cost))
    }
    for (index, series) in series.enumerated() {
      for spot in series.others {
        canvas.mark(
          Self.symbol(index), at: place(spot), radius: 2,
          Style(.hollow, self.series.count == 1 ? .grey : Self.hues[index]),
          tip: spot.tip)
        avoid(place(spot), 3)
      }
    }
    for (index, series) in series.enumerated() {
      let front = series.front.map(place)
      canvas.path(front, Style(.line, Self.hues[index]))
      for (from, to) in zip(front, front.dropFirst()) {
        for step in 1..<8 {
          let share = Double(step) / 8
          avoid(Point(from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)), 8)
        }
      }
      for spot in series.front {
        canvas.mark(
          Self.symbol(index), at: place(spot), radius: 4.5, Style(.mark, Self.hues[index]), tip: spot.tip)
        avoid(place(spot), 40)
      }
    }
    label(on: &canvas, axes, avoided, most: width == .wide ? Self.named : Self.named / 2)
  }

  /// The front of all series: its ends, then always the spot that lies farthest from those with a name.
  private func label(on canvas: inout Canvas, _ axes: Axes, _ avoided: [LabelPlacer.Obstacle], most: Int) {
    let best = series.flatMap(\.front).filter(\.isBest).sorted { $0.user > $1.user }
    let places = best.map { axes.point($0.user, $0.device) }
    var placer = LabelPlacer(axes.box, avoiding: avoided)
    var far = places.map { _ in Double.infinity }
    var next = best.isEmpty ? nil : 0
    var count = 0
    while let index = next, count < most {
      count += 1
      name(best[index], at: places[index], on: &canvas, &placer)
      for other in places.indices {
        let (x, y) = (places[other].x - places[index].x, places[other].y - places[index].y)
        far[other] = min(far[other], (x * x + y * y).squareRoot())
      }
      next = count == 1 ? places.indices.last : places.indices.max { far[$0] < far[$1] }
      if let chosen = next, far[chosen] < Self.spacing { next = nil }
    }
  }

  /// Pixels between spots whose names do not crowd.
  private static let spacing = 24.0

  private func name(_ spot: Spot, at point: Point, on canvas: inout Canvas, _ placer: inout LabelPlacer) {
    let own = Canvas.box(spot.name, at: Point(0, 0), size: 11)
    guard let box = placer.place(width: own.width, height: own.height, around: point, radius: 5) else { return }
    let edge = box.nearest(to: point)
    let (x, y) = (edge.x - point.x, edge.y - point.y)
    if (x * x + y * y).squareRoot() > 14 { canvas.line(point, edge, Style(.leader)) }
    canvas.text(spot.name, at: Point(box.left, box.top + TextMetrics.ascent * 11), size: 11, .start, .muted)
  }
}
