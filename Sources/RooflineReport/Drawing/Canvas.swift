import RooflineCore

/// Paints elements, and keeps the box of every text.
package struct Canvas {
  private(set) var elements: [Drawing.Element] = []
  private(set) var labels: [Drawing.Label] = []

  enum Anchor: String { case start, middle, end }

  static let textSize = 12.0

  /// A text's box: its left edge, width and lines are those of the fonts' table.
  static func box(_ text: String, at point: Point, size: Double = textSize, _ anchor: Anchor = .start) -> Box {
    let width = TextMetrics.width(text, size: size)
    let left =
      switch anchor {
      case .start: point.x
      case .middle: point.x - width / 2
      case .end: point.x - width
      }
    return Box(
      left: left, top: point.y - TextMetrics.ascent * size, width: width,
      height: (TextMetrics.ascent + TextMetrics.descent) * size)
  }

  /// - Parameter point: of the baseline.
  mutating func text(
    _ text: String, at point: Point, size: Double = textSize, _ anchor: Anchor = .start, _ role: Style.Role = .ink,
    tip: Drawing.Tip? = nil
  ) {
    let text = text.printableLine
    labels.append(Drawing.Label(text: text, box: Self.box(text, at: point, size: size, anchor)))
    elements.append(
      Drawing.Element(
        name: .text, style: Style(role),
        attributes: [("x", Self.number(point.x)), ("y", Self.number(point.y))]
          // What the style sheet has, and what is so without being said, is not said.
          + (size == Self.textSize ? [] : [("font-size", Self.number(size))])
          + (anchor == .start ? [] : [("text-anchor", anchor.rawValue)]), text: text, tip: tip))
  }

  mutating func line(_ from: Point, _ to: Point, _ style: Style, tip: Drawing.Tip? = nil) {
    elements.append(
      Drawing.Element(
        name: .line, style: style,
        attributes: [
          ("x1", Self.number(from.x)), ("y1", Self.number(from.y)), ("x2", Self.number(to.x)),
          ("y2", Self.number(to.y)),
        ], tip: tip))
  }

  mutating func rectangle(_ box: Box, _ style: Style, tip: Drawing.Tip? = nil) {
    elements.append(
      Drawing.Element(
        name: .rect, style: style,
        attributes: [
          ("x", Self.number(box.left)), ("y", Self.number(box.top)), ("width", Self.number(box.width)),
          ("height", Self.number(box.height)),
        ], tip: tip))
  }

  /// - Parameter isClosed: whether the last point is joined with the first.
  mutating func path(_ points: [Point], isClosed: Bool = false, _ style: Style, tip: Drawing.Tip? = nil) {
    guard points.count > 1 else { return }
    let steps = points.map { "\(Self.number($0.x)) \(Self.number($0.y))" }
    path("M\(steps.joined(separator: "L"))\(isClosed ? "Z" : "")", style, tip: tip)
  }

  mutating func mark(_ symbol: MarkSymbol, at point: Point, radius: Double, _ style: Style, tip: Drawing.Tip? = nil) {
    path(symbol.path(at: point, radius: radius), style, tip: tip)
  }

  private mutating func path(_ data: String, _ style: Style, tip: Drawing.Tip?) {
    elements.append(Drawing.Element(name: .path, style: style, attributes: [("d", data)], tip: tip))
  }

  /// A tenth of a pixel is as fine as anybody sees.
  static func number(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    let whole = "\(tenths < 0 ? "-" : "")\((tenths.magnitude) / 10)"
    return tenths % 10 == 0 ? whole : "\(whole).\(tenths.magnitude % 10)"
  }
}

/// The shape of a mark: what tells series apart where colours do not.
enum MarkSymbol: Sendable {
  case circle, diamond, square, triangle

  /// The symbols have about the same area.
  func path(at point: Point, radius: Double) -> String {
    func n(_ value: Double) -> String { Canvas.number(value) }
    func polygon(_ corners: [(Double, Double)]) -> String {
      let points = corners.map { "\(n(point.x + $0.0 * radius)) \(n(point.y + $0.1 * radius))" }
      return "M\(points.joined(separator: "L"))Z"
    }
    switch self {
    case .circle:
      let r = n(radius)
      return
        "M\(n(point.x - radius)) \(n(point.y))a\(r) \(r) 0 1 0 \(n(2 * radius)) 0a\(r) \(r) 0 1 0 \(n(-2 * radius)) 0Z"
    case .diamond: return polygon([(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)])
    case .square: return polygon([(-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)])
    case .triangle: return polygon([(0, -1.4), (1.25, 0.8), (-1.25, 0.8)])
    }
  }
}
