import RooflineCore

/// The pictures that `plot` draws.
package enum FigureKind: String, Hashable, Sendable, CaseIterable {
  case roofline, layer, memory, latency, waterfall, kernels, accuracy, pareto
}

/// For which page a picture is laid out.
package enum FigureWidth: Hashable, Sendable, CaseIterable {
  /// A desk.
  case wide
  /// A phone.
  case narrow

  package var pixels: Double {
    switch self {
    case .wide: 960
    case .narrow: 360
    }
  }
}

/// What stands around a picture.
package struct FigureCaption: Hashable, Sendable {
  /// What it is of.
  package let title: String
  /// How to read it.
  package let subtitle: String
  /// The program's version, and the files that the numbers are from.
  package let source: String

  package init(title: String, subtitle: String, source: String) {
    self.title = title
    self.subtitle = subtitle
    self.source = source
  }
}

/// What a picture shows, as values: made from an analysis once, and read by its drawing, its tips and its description.
package protocol Figure: Sendable {
  var kind: FigureKind { get }
  var caption: FigureCaption { get }
  /// What a reader should know that is not in the picture; a sentence each.
  var notes: [String] { get }
  /// In words, for somebody who does not see it.
  var description: String { get }
  /// Pixels between title and notes.
  func height(_ width: FigureWidth) -> Double
  /// Draws what stands between title and notes.
  func draw(on canvas: inout Canvas, in area: Box, _ width: FigureWidth)
}

extension Figure {
  /// The picture with all that stands around it.
  package func drawing(_ width: FigureWidth) -> Drawing {
    let (margin, small) = (16.0, 11.0)
    let room = width.pixels - 2 * margin
    var canvas = Canvas()
    var top = 12.0
    func lines(_ text: String, size: Double, _ role: Style.Role, _ canvas: inout Canvas) {
      for line in TextMetrics.lines(text, width: room, size: size) {
        top += size
        canvas.text(line, at: Point(margin, top), size: size, .start, role)
        top += 5
      }
    }
    // Bold letters are up to a tenth wider than the table's.
    for line in TextMetrics.lines(caption.title, width: room / 1.1, size: 16) {
      top += 16
      canvas.text(line, at: Point(margin, top), size: 16, .start, .title)
      top += 6
    }
    lines(caption.subtitle, size: 12, .muted, &canvas)
    let body = Box(left: margin, top: top + 8, width: room, height: height(width))
    top = body.bottom + 8
    for note in notes { lines(note, size: small, .muted, &canvas) }
    lines(caption.source, size: small, .muted, &canvas)
    let total = top + 8
    var picture = Canvas()
    picture.rectangle(Box(left: 0, top: 0, width: width.pixels, height: total), Style(.paper))
    draw(on: &picture, in: body, width)
    return Drawing(
      width: width.pixels, height: total, title: caption.title.printableLine, description: description.printableLine,
      elements: picture.elements + canvas.elements, labels: picture.labels + canvas.labels)
  }
}

/// The numbers at an axis.
enum TickText {
  /// 0.001, 12.5, 1.5 K.
  static func number(_ value: Double) -> String {
    if value != 0, value.magnitude < 0.001 { return "\(value)" }
    return trimmed(value.magnitude < 1000 ? Numbers.fixed(value, decimals: 3) : Numbers.scaled(value))
  }

  static func time(_ seconds: Double) -> String { seconds == 0 ? "0" : trimmed(Numbers.time(Seconds(seconds))) }

  /// Without decimals that are noughts, whatever unit stands behind them.
  static func trimmed(_ text: String) -> String {
    let digits = text.prefix { $0 != " " }
    guard digits.contains(".") else { return text }
    var short = digits
    while short.last == "0" { short.removeLast() }
    if short.last == "." { short.removeLast() }
    return String(short) + text.dropFirst(digits.count)
  }
}
