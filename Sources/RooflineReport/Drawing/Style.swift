/// How an element of a picture looks: a class of the style sheet, and a colour where it has one of its own.
package struct Style: Hashable, Sendable {
  /// What an element is.
  package enum Role: String, Hashable, Sendable, CaseIterable {
    case paper, title, ink, muted, grid, axis, roof, fainter, achieved, leader
    /// Of a hue: an area, a mark, a mark of something measured, a line, a range around it.
    case area, mark, hollow, line, band
  }

  let role: Role
  let hue: Hue?

  init(_ role: Role, _ hue: Hue? = nil) {
    self.role = role
    self.hue = hue
  }

  /// For the attribute `class`.
  var classes: String { hue.map { "\(role.rawValue) \($0.rawValue)" } ?? role.rawValue }
}

/// Eight colours that people with any colour vision tell apart. Source: Okabe and Ito, Color Universal Design (2008); black is the
/// page's ink, and yellow is darker on white.
package enum Hue: String, Hashable, Sendable, CaseIterable {
  case vermillion, blue, green, purple, orange, sky, yellow, grey

  private var light: String {
    switch self {
    case .vermillion: "#d55e00"
    case .blue: "#0072b2"
    case .green: "#009e73"
    case .purple: "#cc79a7"
    case .orange: "#e69f00"
    case .sky: "#56b4e9"
    case .yellow: "#c9b800"
    case .grey: "#8c8c8c"
    }
  }

  private var dark: String {
    switch self {
    case .vermillion: "#f07a28"
    case .blue: "#3f9bd8"
    case .green: "#1fbf93"
    case .purple: "#dd9abf"
    case .orange: "#f0b429"
    case .sky: "#8accf2"
    case .yellow: "#f0e442"
    case .grey: "#9a9a9a"
    }
  }

  /// The style sheet of every picture: for light pages, then what dark ones have otherwise.
  static let sheet =
    rules(paper: "#ffffff", ink: "#1a1a1a", muted: "#595959", grid: "#e6e6e6", axis: "#8a8a8a", hue: \.light)
    + shapes + "@media (prefers-color-scheme:dark){\n"
    + rules(paper: "#15171b", ink: "#ececec", muted: "#b4b4b4", grid: "#2e3238", axis: "#85898f", hue: \.dark) + "}\n"

  private static let shapes = """
    .figure text{font-family:\(TextMetrics.family)}
    .figure text:not([font-size]){font-size:\(Canvas.number(Canvas.textSize))px}
    .figure .title{font-weight:bold}
    .figure .grid,.figure .axis{stroke-width:1;fill:none}
    .figure .roof{stroke-width:2;fill:none}
    .figure .fainter{stroke-width:1;fill:none}
    .figure .achieved{stroke-width:1.5;fill:none;stroke-dasharray:6 4}
    .figure .leader{stroke-width:.75;fill:none}
    .figure .line{stroke-width:2;fill:none}
    .figure .mark{fill-opacity:.75;stroke-width:1}
    .figure .hollow{fill:none;stroke-width:1.75}
    .figure .band{fill-opacity:.18;stroke:none}
    .figure .area{stroke-width:.75}
    .figure rect.area{stroke:none}

    """

  private static func rules(
    paper: String, ink: String, muted: String, grid: String, axis: String, hue color: (Hue) -> String
  ) -> String {
    let hues = allCases.map { hue in
      let name = hue.rawValue
      let color = color(hue)
      return """
        .figure .area.\(name),.figure .band.\(name){fill:\(color)}
        .figure .mark.\(name){fill:\(color);stroke:\(paper)}
        .figure .line.\(name),.figure .hollow.\(name){stroke:\(color)}

        """
    }
    return """
      .figure .paper{fill:\(paper)}
      .figure .title,.figure .ink{fill:\(ink)}
      .figure .muted{fill:\(muted)}
      .figure .grid{stroke:\(grid)}
      .figure .axis,.figure .fainter,.figure .leader{stroke:\(axis)}
      .figure .roof,.figure .achieved{stroke:\(ink)}
      .figure .area{stroke:\(paper)}
      \(hues.joined())
      """
  }
}
