/// A rectangle with two axes.
struct Axes {
  let box: Box
  let x, y: AxisScale

  /// What stands at an axis.
  struct Title {
    let text: String
    /// A value's text.
    let number: (Double) -> String

    init(_ text: String, _ number: @escaping (Double) -> String = TickText.number) {
      self.text = text
      self.number = number
    }
  }

  func point(_ x: Double, _ y: Double) -> Point { Point(self.x.place(x), self.y.place(y)) }

  private static let size = 11.0

  /// Draws grid, numbers and titles.
  ///
  /// - Parameters:
  ///   - area: what axis, numbers and titles have together.
  ///   - labels: what stands below the horizontal axis instead of numbers, with its place from 0 to 1; nil: numbers.
  init(
    on canvas: inout Canvas, in area: Box, x: (AxisScale.Kind, ClosedRange<Double>, Title),
    y: (AxisScale.Kind, ClosedRange<Double>, Title), labels: [(text: String, place: Double)]? = nil
  ) {
    let vertical = AxisScale(y.0, y.1, from: 0, to: 1)
    let numbers = vertical.ticks.map(y.2.number)
    let margin = (numbers.map { TextMetrics.width($0, size: Self.size) }.max() ?? 0) + 8
    box = Box(left: area.left + margin, top: area.top + 20, width: area.width - margin - 12, height: area.height - 58)
    self.x = AxisScale(x.0, x.1, from: box.left, to: box.right)
    self.y = AxisScale(y.0, y.1, from: box.bottom, to: box.top)
    canvas.text(
      TextMetrics.fitting(y.2.text, width: area.width, size: Canvas.textSize), at: Point(area.left, area.top + 10))
    for (tick, number) in zip(vertical.ticks, numbers) {
      let place = self.y.place(tick)
      canvas.line(Point(box.left, place), Point(box.right, place), Style(.grid))
      canvas.text(number, at: Point(box.left - 6, place + 4), size: Self.size, .end, .muted)
    }
    var last: Box?
    func number(_ text: String, _ place: Double, _ canvas: inout Canvas) {
      let point = Point(place, box.bottom + 18)
      let own = Canvas.box(text, at: point, size: Self.size, .middle)
      guard last.map({ !$0.grown(by: 3).overlaps(own) }) ?? true, own.right <= area.right + 8 else { return }
      last = own
      canvas.text(text, at: point, size: Self.size, .middle, .muted)
    }
    if let labels {
      for label in labels { number(label.text, box.left + label.place * box.width, &canvas) }
    } else {
      for tick in self.x.ticks {
        let place = self.x.place(tick)
        canvas.line(Point(place, box.top), Point(place, box.bottom), Style(.grid))
        number(x.2.number(tick), place, &canvas)
      }
    }
    canvas.text(
      TextMetrics.fitting(x.2.text, width: box.width, size: Canvas.textSize),
      at: Point(box.center.x, box.bottom + 34), .middle)
    canvas.path(
      [Point(box.left, box.top), Point(box.left, box.bottom), Point(box.right, box.bottom)], Style(.axis))
  }
}

/// What colours and shapes of a picture mean.
struct Legend {
  struct Entry {
    let text: String
    let style: Style
    /// nil: a square, or a line where the style is one.
    let symbol: MarkSymbol?

    init(_ text: String, _ style: Style, _ symbol: MarkSymbol? = nil) {
      self.text = text
      self.style = style
      self.symbol = symbol
    }
  }

  let entries: [Entry]
  private static let (line, key) = (18.0, 18.0)

  /// Places of the entries, line by line.
  private func places(_ width: Double) -> [Point] {
    var point = Point(0, 0)
    return entries.map { entry in
      let own = Self.key + TextMetrics.width(entry.text, size: Canvas.textSize) + 14
      if point.x > 0, point.x + own > width { point = Point(0, point.y + Self.line) }
      defer { point.x += own }
      return point
    }
  }

  func height(_ width: Double) -> Double { entries.isEmpty ? 0 : (places(width).last?.y ?? 0) + Self.line + 6 }

  func draw(on canvas: inout Canvas, in area: Box) {
    for (entry, place) in zip(entries, places(area.width)) {
      let (left, middle) = (area.left + place.x, area.top + place.y + 8)
      if let symbol = entry.symbol {
        canvas.mark(symbol, at: Point(left + 6, middle), radius: 5, entry.style)
      } else {
        switch entry.style.role {
        case .line, .roof, .achieved, .fainter, .leader, .axis:
          canvas.line(Point(left, middle), Point(left + 13, middle), entry.style)
        case .area, .band, .mark, .hollow, .paper, .title, .ink, .muted, .grid:
          canvas.rectangle(Box(left: left, top: middle - 6, width: 12, height: 12), entry.style)
        }
      }
      canvas.text(entry.text, at: Point(left + Self.key, middle + 4))
    }
  }
}

extension Box {
  /// The box without so much at its top.
  func below(_ height: Double) -> Box {
    Box(left: left, top: top + height, width: width, height: self.height - height)
  }

  /// Cells of a grid, row by row.
  func cells(columns: Int, rows: Int, gap: Double) -> [Box] {
    let cell = (
      (width - gap * Double(columns - 1)) / Double(columns), (height - gap * Double(rows - 1)) / Double(rows)
    )
    return (0..<rows * columns).map { index in
      Box(
        left: left + Double(index % columns) * (cell.0 + gap), top: top + Double(index / columns) * (cell.1 + gap),
        width: cell.0, height: cell.1)
    }
  }
}
