/// How wide text becomes: what labels are placed by, since no font is asked.
///
/// Pictures name Helvetica, Arial, Liberation Sans and DejaVu Sans; the first three have the same widths. Of every character the wider of
/// Liberation Sans and DejaVu Sans counts, so that a label is never wider than its box, whichever of them is there.
package enum TextMetrics {
  package static let family = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"

  /// Advance widths of U+0020 to U+007E, thousandths of the font's size.
  private static let latin: [Double] = [
    318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637, 637, 637, 637, 637,
    637,
    637, 637, 337, 337, 838, 838, 838, 557, 1016, 685, 687, 723, 771, 667, 611, 778, 752, 295, 500, 667, 558, 863, 749,
    788,
    667, 788, 723, 667, 611, 732, 685, 989, 686, 667, 686, 391, 337, 391, 838, 557, 500, 613, 635, 550, 635, 616, 353,
    635,
    634, 278, 278, 580, 278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637, 337, 637, 838,
  ]

  /// What other fonts give to scalars outside the table: a full square, and more to pictograms and wide scripts.
  private static let (square, wide) = (1000.0, 1400.0)

  /// How far the fonts reach above the baseline and below it, as shares of the size.
  static let (ascent, descent) = (0.93, 0.24)

  /// Pixels.
  package static func width(_ text: String, size: Double) -> Double {
    var thousandths = 0.0
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x20...0x7E: thousandths += latin[Int(scalar.value) - 0x20]
      case 0..<0x2E80: thousandths += square
      default: thousandths += wide
      }
    }
    return thousandths / 1000 * size
  }

  /// The text, with what does not fit left out of its middle.
  static func fitting(_ text: String, width limit: Double, size: Double) -> String {
    guard width(text, size: size) > limit else { return text }
    let scalars = Array(text.unicodeScalars)
    var kept = scalars.count - 1
    while kept > 1 {
      var short = String.UnicodeScalarView(scalars.prefix((kept + 1) / 2))
      short.append("…")
      short.append(contentsOf: scalars.suffix(kept / 2))
      if width(String(short), size: size) <= limit { return String(short) }
      kept -= 1
    }
    return "…"
  }

  /// The text in lines that fit, broken at blanks; a word that is too long is shortened.
  static func lines(_ text: String, width limit: Double, size: Double) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      let word = fitting(String(word), width: limit, size: size)
      if let last = lines.last, width("\(last) \(word)", size: size) <= limit {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(word)
      }
    }
    return lines
  }
}
