import RooflineCore

/// What `shapes --compare` prints: each difference of a listing in one line.
package struct WeightComparisonReport {
  package let comparison: WeightComparison
  package let configuration: ModelConfiguration

  package init(_ comparison: WeightComparison, configuration: ModelConfiguration) {
    self.comparison = comparison
    self.configuration = configuration
  }

  package var report: Report {
    Report(
      sections: [.listing(Listing(title: heading, comparison.differences.map { "  \($0.sentence)" }))],
      records: .init(key: "listing", [table]), document: WeightComparisonDocument(self))
  }

  private var heading: String {
    let model = WeightReport.subject(comparison.weights, configuration)
    let listing = "\(comparison.listing.file) (\(comparison.listing.entries.count) tensors)"
    if comparison.matches { return "\(listing) matches \(model)" }
    let count = comparison.differences.count
    return "\(listing) differs from \(model) in \(count) \(count == 1 ? "way" : "ways")"
  }

  private var table: Table {
    Table(
      title: comparison.listing.file,
      columns: [
        .init("kind", key: "kind", isText: true), .init("tensor", key: "tensor", isText: true),
        .init("layers", key: "layers", isText: true), .init("count", key: "count"),
        .init("expected", key: "expected"), .init("found", key: "found"),
      ],
      rows: comparison.differences.map { difference in
        .cells([
          .text(difference.kind.rawValue), .text(difference.template), .text(difference.layerText),
          .integer(UInt64(difference.count)), .text(difference.expected.map(WeightReport.shape) ?? ""),
          .text(difference.found.map(WeightReport.shape) ?? ""),
        ])
      })
  }
}

/// The JSON of `shapes --compare`, schema version 1.
struct WeightComparisonDocument: Encodable {
  let schemaVersion = 1
  let model: AnalysisDocument.ModelEntry
  let tensorParallel: UInt64
  let listing: ListingEntry
  let matches: Bool
  let differences: [DifferenceEntry]

  struct ListingEntry: Encodable {
    let path, layout: String
    let tensors: Int
  }

  struct DifferenceEntry: Encodable {
    let kind: String
    /// `N` for the layer's number.
    let tensor: String
    let layers: [UInt64]
    let count: Int
    @Nullable var expected: [UInt64]?
    @Nullable var found: [UInt64]?
    @Nullable var repetitions: UInt64?
    let sentence: String
  }

  init(_ report: WeightComparisonReport) {
    let comparison = report.comparison
    model = AnalysisDocument.ModelEntry(report.configuration)
    tensorParallel = comparison.weights.tensorParallel
    listing = ListingEntry(
      path: comparison.listing.file, layout: comparison.listing.layout.rawValue,
      tensors: comparison.listing.entries.count)
    matches = comparison.matches
    differences = comparison.differences.map { difference in
      DifferenceEntry(
        kind: difference.kind.rawValue, tensor: difference.template, layers: difference.layers,
        count: difference.count, expected: difference.expected, found: difference.found,
        repetitions: difference.repetitions, sentence: difference.sentence)
    }
  }
}
