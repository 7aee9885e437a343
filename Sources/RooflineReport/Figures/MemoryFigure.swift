import RooflineCore

/// What fills the GPU that needs most, over the keys that are cached of every sequence.
package struct MemoryFigure: Figure {
  package let kind = FigureKind.memory
  package let caption: FigureCaption
  /// Keys cached of each sequence, rising.
  package let contexts: [UInt64]
  /// Where their axis ends.
  package let mostContext: UInt64
  /// From the bottom up; those without a byte are left out.
  package let parts: [Part]
  /// Bytes of the device.
  package let capacity: UInt64
  /// The most keys that fit; nil where not even the prompt's do, and where memory sets no limit.
  package let longest: UInt64?
  /// Keys of the run itself, and what it needs.
  package let own: (context: UInt64, bytes: UInt64)
  package let notes: [String]

  /// A kind of tensors.
  package struct Part: Hashable, Sendable {
    package let name: String
    let hue: Hue
    /// At each of the contexts.
    package let bytes: [UInt64]
  }

  /// Where the axis ends if nothing else ends it: no model so far has more positions.
  private static let mostKeys: UInt64 = 16_777_216
  private static let samples: UInt64 = 48

  package init(_ footprint: Footprint, maxPositions: UInt64?, caption: FigureCaption) throws(InputError) {
    self.caption = caption
    capacity = footprint.capacity
    let limit = footprint.contextLimit
    longest = limit.number
    let plan = footprint.plan
    own = (plan.finalContext, footprint.required.value)
    let first = plan.workload.promptKeys + plan.workload.drafted
    // As far as keys fit, or the model has positions; a quarter more, that one sees what lies beyond.
    let fitting = limit == .unlimited ? Self.mostKeys : longest ?? 0
    let reach = min(fitting, max(maxPositions ?? Self.mostKeys, plan.finalContext), Self.mostKeys)
    let goal = max(reach + reach / 4, 2 * plan.finalContext)
    let last = UInt64(AxisScale.end(for: Double(goal)))
    var contexts: [UInt64] = []
    for step in 0...Self.samples {
      let context = first + (max(last, first) - first) * step / Self.samples
      if contexts.last != context { contexts.append(context) }
    }
    var memories: [DeviceMemory<Count>] = []
    for context in contexts {
      var changed = plan
      changed.finalContext = context
      changed.workload.context = context
      memories.append(try Footprint(changed, reserve: footprint.reserve, capacity: capacity).largest)
    }
    self.contexts = contexts
    mostContext = max(last, first)
    let reserve = footprint.reserve
    let all: [(name: String, hue: Hue, bytes: (DeviceMemory<Count>) -> UInt64)] = [
      ("weights", .blue, { $0.weights.value }), ("draft modules", .purple, { $0.draft?.value ?? 0 }),
      ("activations", .green, { $0.activations.value }), ("logits", .sky, { $0.logits.value }),
      ("reserve", .grey, { _ in reserve }),
      ("state", .yellow, { ($0.states?.value ?? 0) + ($0.convolutions?.value ?? 0) }),
      ("page rounding", .grey, { $0.pagePadding?.value ?? 0 }),
      ("index keys", .vermillion, { $0.indexKeys?.value ?? 0 }),
      ("KV cache", .orange, { $0.keyValueCache.value }),
    ]
    parts = all.map { part in Part(name: part.name, hue: part.hue, bytes: memories.map(part.bytes)) }
      .filter { part in part.bytes.contains { $0 > 0 } }
    var notes: [String] = []
    let positions = maxPositions.map { ", and the model has \(Numbers.grouped($0)) positions" } ?? ""
    switch limit {
    case .upTo(let keys): notes.append("up to \(Numbers.grouped(keys)) keys of each sequence fit\(positions)")
    case .unlimited: notes.append("a further key takes no memory\(positions)")
    case .none: notes.append("not even the prompt's keys fit")
    }
    self.notes = notes
  }

  package var description: String {
    let ends = parts.map { part in
      "\(part.name) \(Numbers.scaled(Double(part.bytes.first ?? 0)))B to \(Numbers.scaled(Double(part.bytes.last ?? 0)))B"
    }
    return
      "Memory of one device from \(contexts.first ?? 0) to \(contexts.last ?? 0) cached keys: \(ends.joined(separator: ", ")); it has \(Numbers.scaled(Double(capacity)))B. \(notes.joined(separator: "; "))."
  }

  // MARK: drawing

  private var legend: Legend {
    Legend(
      entries: [Legend.Entry("capacity", Style(.roof))]
        + parts.reversed().map { Legend.Entry($0.name, Style(.area, $0.hue)) })
  }

  package func height(_ width: FigureWidth) -> Double {
    (width == .wide ? 460 : 360) + legend.height(width.pixels - 32)
  }

  package func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth) {
    legend.draw(on: &canvas, in: area)
    let limit = Double(mostContext)
    // A function of the GPU, but for what would not be in the picture at all.
    let first = parts.reduce(0.0) { $0 + Double($1.bytes.first ?? 0) }
    let top = AxisScale.end(for: max(Double(capacity) * 1.25, first * 1.1))
    let axes = Axes(
      on: &canvas, in: area.below(legend.height(area.width)),
      x: (.linear, 0...limit, .init("keys cached of each sequence")),
      y: (.linear, 0...top, .init("memory of a GPU, GB") { TickText.number($0 / 1e9) }))
    var floor = contexts.map { _ in 0.0 }
    for part in parts {
      let ceiling = zip(floor, part.bytes).map { $0 + Double($1) }
      let upper = zip(contexts, ceiling).map { axes.point(Double($0), $1) }
      let lower = zip(contexts, floor).map { axes.point(Double($0), $1) }
      let range = [part.bytes.first, part.bytes.last].compactMap { $0 }.map { "\(Numbers.scaled(Double($0)))B" }
      canvas.path(
        upper + lower.reversed(), isClosed: true, Style(.area, part.hue),
        tip: Drawing.Tip(
          heading: part.name,
          facts: [.init("bytes", Set(range).count == 1 ? range[0] : range.joined(separator: " to "))]))
      floor = ceiling
    }
    let line = axes.y.place(Double(capacity))
    canvas.line(Point(axes.box.left, line), Point(axes.box.right, line), Style(.roof))
    let words = "capacity \(Numbers.scaled(Double(capacity)))B"
    let above = Canvas.box(words, at: Point(axes.box.left + 8, line - 6))
    canvas.rectangle(above.grown(by: 1), Style(.paper))
    canvas.text(words, at: Point(axes.box.left + 8, line - 6))
    var placer = LabelPlacer(axes.box, taken: [above])
    func label(_ text: String, _ anchor: Point, _ canvas: inout Canvas) {
      let text = TextMetrics.fitting(text, width: axes.box.width * 0.8, size: 12)
      let own = Canvas.box(text, at: Point(0, 0))
      guard let box = placer.place(width: own.width + 6, height: own.height, around: anchor, radius: 2) else { return }
      canvas.rectangle(box, Style(.paper))
      canvas.text(text, at: Point(box.left + 3, box.top + TextMetrics.ascent * 12))
    }
    let place = axes.point(Double(own.context), Double(own.bytes))
    canvas.mark(
      .diamond, at: place, radius: 5, Style(.mark, .vermillion),
      tip: Drawing.Tip(
        heading: "this run",
        facts: [
          .init("keys", Numbers.grouped(own.context)), .init("needs", "\(Numbers.grouped(own.bytes)) B"),
          .init("there is", "\(Numbers.grouped(capacity)) B"),
        ]))
    label("this run, \(Numbers.scaled(Double(own.bytes)))B", place, &canvas)
  }
}
