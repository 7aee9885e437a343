import RooflineComparison
import RooflineCore

/// The numbers of a page, schema version 1: its tables, pictures and tips are drawn from this alone.
struct PageDocument: Encodable {
  let schemaVersion = 1
  /// The program and its version.
  let tool: String
  let title: String
  /// How the run is made: degrees, lengths, formats, times.
  let subtitle: String
  let verdict: [Verdict]
  /// What `analyze --format json` prints.
  let analysis: AnalysisDocument
  /// What `footprint --format json` prints; absent of a training step and where the GPU's memory is not known.
  let footprint: FootprintDocument?
  /// What `analyze --load --format json` prints; absent without requests over time.
  let load: RequestLoadDocument?
  let columns: [PageColumn]
  let figures: [PageFigure]
  /// What is said of marks, which know it by its place here.
  let tips: [TipEntry]
  let comparison: [MeasuredEntry]?
  let derivations: Derivations
  /// Names and values.
  let inputs: [[String]]

  /// A picture for two widths.
  struct PageFigure: Encodable {
    let kind, title, description: String
    let wide, narrow: Layout

    struct Layout: Encodable {
      let width, height: Double
      /// What stands inside the element `svg`.
      let body: String
    }

    init(_ figure: any Figure, _ tips: inout TipList) {
      kind = figure.kind.rawValue
      func layout(_ width: FigureWidth) -> Layout {
        let drawing = figure.drawing(width)
        return Layout(
          width: drawing.width, height: drawing.height, body: SVGFormat().body(drawing, tips: &tips))
      }
      wide = layout(.wide)
      narrow = layout(.narrow)
      title = figure.caption.title.printableLine
      description = figure.description.printableLine
    }
  }

  struct TipEntry: Encodable {
    let heading: String
    /// Names and values.
    let facts: [[String]]
    /// The row's derivation.
    let row: String?

    init(_ tip: Drawing.Tip) {
      heading = tip.heading.printableLine
      facts = tip.facts.map { [$0.name.printableLine, $0.text.printableLine] }
      row = tip.row?.key
    }
  }

  /// A row that was measured.
  struct MeasuredEntry: Encodable {
    let name, derivation: String
    let predictedSeconds, measuredSeconds, leastSeconds, mostSeconds: Double
    /// predicted/measured − 1.
    let error: Double
    let measurements: Int
  }
}
