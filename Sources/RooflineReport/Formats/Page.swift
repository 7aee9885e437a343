/// What a report is printed as, and how text is laid out.
package struct Page: Sendable {
  package let format: OutputFormat
  package let text: TextFormat

  package init(_ format: OutputFormat, text: TextFormat) {
    self.format = format
    self.text = text
  }

  /// - Throws: `InputError.notFinite` where JSON has no word for a number.
  package func render(_ report: Report) throws -> String {
    switch format {
    case .text: text.render(report)
    case .markdown: MarkdownFormat().render(report)
    case .csv: CSVFormat().render(report)
    case .json: try JSONFormat().render(report)
    }
  }
}
