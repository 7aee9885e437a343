import RooflineCore

extension RooflineFigure {
  package func height(_ width: FigureWidth) -> Double {
    (width == .wide ? 560 : 460) + legend.height(width.pixels - 32)
  }

  private var passes: [PassMark] { PassMark.allCases.filter { pass in points.contains { $0.pass == pass } } }

  private var legend: Legend {
    var entries = passes.map { Legend.Entry($0.rawValue, Style(.mark, $0.hue), $0.symbol) }
    if points.contains(where: { $0.measured != nil }) {
      entries += passes.map { Legend.Entry("\($0.rawValue), measured", Style(.hollow, $0.hue), $0.symbol) }
    }
    entries.append(Legend.Entry("roof that rows meet", Style(.roof)))
    if roofs.contains(where: { !$0.isInUse && !$0.isAchieved }) {
      entries.append(Legend.Entry("other roof", Style(.fainter)))
    }
    if roofs.contains(where: \.isAchieved) { entries.append(Legend.Entry("measured roof", Style(.achieved))) }
    return Legend(entries: entries)
  }

  package func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth) {
    legend.draw(on: &canvas, in: area)
    let axes = Axes(
      on: &canvas, in: area.below(legend.height(area.width)),
      x: (.logarithmic, intensities, .init("arithmetic intensity, FLOP/B")),
      y: (.logarithmic, rates, .init("performance, FLOP/s")))
    var avoided: [LabelPlacer.Obstacle] = []
    for roof in roofs { draw(roof, on: &canvas, axes, &avoided) }
    let marks = points.map { axes.point($0.intensity, $0.rate) }
    // Small marks lie on large ones.
    let order = points.indices.sorted { (points[$0].share, $1) > (points[$1].share, $0) }
    for index in order {
      let (point, place) = (points[index], marks[index])
      avoided.append(Self.obstacle(place, Self.radius(point.share, width), cost: 40))
      if let measured = point.measured {
        let other = axes.point(point.intensity, measured)
        canvas.line(place, other, Style(.leader))
        canvas.mark(
          point.pass.symbol, at: other, radius: max(3, Self.radius(point.share, width) * 0.7),
          Style(.hollow, point.pass.hue), tip: point.tip)
        avoided.append(Self.obstacle(other, 4, cost: 40))
      }
      canvas.mark(
        point.pass.symbol, at: place, radius: Self.radius(point.share, width), Style(.mark, point.pass.hue),
        tip: point.tip)
    }
    var placer = LabelPlacer(axes.box, avoiding: avoided)
    for roof in roofs { label(roof, on: &canvas, axes, &placer) }
    for label in names(marks, Array(order.prefix(Self.named)), axes.box.width * 0.45) {
      name(label, on: &canvas, &placer, width)
    }
  }

  /// Its area is the share of the time.
  private static func radius(_ share: Double, _ width: FigureWidth) -> Double {
    max(2.5, (width == .wide ? 22 : 14) * share.squareRoot())
  }

  private static func obstacle(_ place: Point, _ radius: Double, cost: Double) -> LabelPlacer.Obstacle {
    .init(box: Box(left: place.x, top: place.y, width: 0, height: 0).grown(by: radius), cost: cost)
  }

  /// From where it begins to matter to the picture's edge.
  private func ends(_ roof: Roofline) -> (from: (x: Double, y: Double), to: (x: Double, y: Double))? {
    let own = roofs.filter { $0.isAchieved == roof.isAchieved }
    let (low, high) = (intensities.lowerBound, intensities.upperBound)
    switch roof.level {
    case .compute:
      guard rates.contains(roof.rate) else { return nil }
      let memory: Double? = own.filter { $0.level == .memory }.map(\.rate).max()
      let ridge: Double = memory.map { roof.rate / $0 } ?? low
      let start: Double = max(min(ridge, high), low)
      return ((x: start, y: roof.rate), (x: high, y: roof.rate))
    case .memory:
      let highest: Double = own.filter { $0.level == .compute }.map(\.rate).max() ?? rates.upperBound
      let start: Double = max(low, rates.lowerBound / roof.rate)
      let end: Double = min(high, min(highest, rates.upperBound) / roof.rate)
      guard start < end else { return nil }
      return ((x: start, y: start * roof.rate), (x: end, y: end * roof.rate))
    }
  }

  private func draw(
    _ roof: Roofline, on canvas: inout Canvas, _ axes: Axes, _ avoided: inout [LabelPlacer.Obstacle]
  ) {
    guard let ends = ends(roof) else { return }
    let (from, to) = (axes.point(ends.from.x, ends.from.y), axes.point(ends.to.x, ends.to.y))
    canvas.line(
      from, to, Style(roof.isAchieved ? .achieved : roof.isInUse ? .roof : .fainter),
      tip: Drawing.Tip(heading: roof.text, facts: []))
    for step in 0...40 {
      let share = Double(step) / 40
      let place = Point(from.x + share * (to.x - from.x), from.y + share * (to.y - from.y))
      avoided.append(Self.obstacle(place, 2, cost: 8))
    }
  }

  private func label(_ roof: Roofline, on canvas: inout Canvas, _ axes: Axes, _ placer: inout LabelPlacer) {
    guard let ends = ends(roof) else { return }
    let (from, to) = (axes.point(ends.from.x, ends.from.y), axes.point(ends.to.x, ends.to.y))
    let text = TextMetrics.fitting(roof.text, width: axes.box.width * 0.7, size: 11)
    let own = Canvas.box(text, at: Point(0, 0), size: 11)
    let anchor =
      roof.level == .compute
      ? Point(axes.box.right - own.width / 2 - 2, to.y)
      : Point(from.x + 0.45 * (to.x - from.x) - own.width / 2, from.y + 0.45 * (to.y - from.y) - 4)
    guard let box = placer.place(width: own.width, height: own.height, around: anchor, radius: 1) else { return }
    canvas.text(text, at: Point(box.left, box.top + TextMetrics.ascent * 11), size: 11, .start, .muted)
  }

  /// Names of marks at one place: `gate_proj, up_proj`.
  private struct Name {
    var text: String
    let place: Point
    let share: Double
  }

  private func names(_ marks: [Point], _ chosen: [Int], _ limit: Double) -> [Name] {
    var names: [(name: Name, pass: PassMark)] = []
    for index in chosen {
      let (point, place) = (points[index], marks[index])
      let near = names.firstIndex { known in
        known.pass == point.pass && abs(known.name.place.x - place.x) < 1.5 && abs(known.name.place.y - place.y) < 1.5
          && TextMetrics.width("\(known.name.text), \(point.name)", size: Canvas.textSize) < limit
      }
      if let near {
        names[near].name.text += ", \(point.name)"
      } else {
        names.append((Name(text: point.name, place: place, share: point.share), point.pass))
      }
    }
    return names.map(\.name)
  }

  private func name(_ name: Name, on canvas: inout Canvas, _ placer: inout LabelPlacer, _ width: FigureWidth) {
    let size = Canvas.textSize
    let own = Canvas.box(name.text, at: Point(0, 0))
    let radius = Self.radius(name.share, width)
    guard let box = placer.place(width: own.width, height: own.height, around: name.place, radius: radius) else {
      return
    }
    let edge = box.nearest(to: name.place)
    let (x, y) = (edge.x - name.place.x, edge.y - name.place.y)
    if (x * x + y * y).squareRoot() > radius + 8 { canvas.line(name.place, edge, Style(.leader)) }
    canvas.text(name.text, at: Point(box.left, box.top + TextMetrics.ascent * size))
  }
}
