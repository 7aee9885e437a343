import RooflineCore

/// What `shapes --compare` prints: each difference of a listing in one line, for each listing of the file.
package struct WeightComparisonReport {
  package let comparisons: [WeightComparison]
  package let configuration: ModelConfiguration

  package init(_ comparisons: [WeightComparison], configuration: ModelConfiguration) {
    self.comparisons = comparisons
    self.configuration = configuration
  }

  package var report: Report {
    Report(
      sections: comparisons.map { .listing(listing($0)) }, records: .init(key: "listing", comparisons.map(table)),
      document: document)
  }

  /// Of one listing as ever, of several a list.
  private var document: any Encodable {
    let documents = comparisons.map { WeightComparisonDocument($0, configuration) }
    return documents.count == 1 ? documents[0] : WeightComparisonsDocument(documents)
  }

  private func listing(_ comparison: WeightComparison) -> Listing {
    Listing(
      title: heading(comparison),
      comparison.differences.map { "  \($0.sentence)" } + cost(comparison) + absence(comparison))
  }

  private func heading(_ comparison: WeightComparison) -> String {
    let model = WeightReport.subject(comparison.weights, configuration)
    let layout = comparisons.count > 1 ? ", names of \(comparison.listing.layout.title)" : ""
    let listing =
      "\(comparison.listing.file) (\(Numbers.counted(UInt64(comparison.listing.entries.count), "tensor"))\(layout))"
    if comparison.matches {
      let only = comparison.listing.absent.isEmpty ? "" : "as far as it says, "
      return "\(only)\(listing) matches \(model)"
    }
    let count = comparison.differences.count
    return "\(listing) differs from \(model) in \(count) \(count == 1 ? "way" : "ways")"
  }

  /// What the differences cost; nothing to say where there are none.
  private func cost(_ comparison: WeightComparison) -> [String] {
    guard !comparison.matches, let cost = comparison.cost else { return [] }
    let parameters = WeightComparisonDocument.difference(cost.parameters, cost.ofModel.parameters)
    let bytes = WeightComparisonDocument.difference(cost.bytes, cost.ofModel.bytes)
    guard parameters != 0 || bytes != 0 else { return [] }
    let (listed, expected) = (Numbers.grouped(cost.parameters.value), Numbers.grouped(cost.ofModel.parameters.value))
    return [
      "  cost: \(Self.signed(parameters)) parameters, \(Self.signed(bytes)) bytes (\(bytes < 0 ? "−" : "+")\(Numbers.fixed(Double(bytes.magnitude) / 1e9, decimals: 2)) GB): \(listed) parameters in the listing, \(expected) in the model"
    ]
  }

  private func absence(_ comparison: WeightComparison) -> [String] {
    let absent = comparison.listing.absent
    guard let first = absent.first else { return [] }
    let others = absent.count > 1 ? " and \(absent.count - 1) more are" : " is"
    return ["  names only: \(first)\(others) not beside the index, so that the shapes of their tensors are not known"]
  }

  private static func signed(_ number: Int64) -> String {
    "\(number < 0 ? "−" : "+")\(Numbers.grouped(number.magnitude))"
  }

  private func table(_ comparison: WeightComparison) -> Table {
    Table(
      title: comparisons.count > 1
        ? "\(comparison.listing.file) (\(comparison.listing.layout.title))" : comparison.listing.file,
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
  @Nullable var cost: CostEntry?
  let differences: [DifferenceEntry]

  struct ListingEntry: Encodable {
    let path, layout: String
    let tensors: Int
    /// Files of an index that are not beside it.
    let absent: [String]
  }

  /// What the listing has more than the model, or less; null where a shape is not known.
  struct CostEntry: Encodable {
    let parameters, bytes, fewerParameters, fewerBytes: Int64

    init(_ cost: WeightComparison.Cost) {
      let parameters = WeightComparisonDocument.difference(cost.parameters, cost.ofModel.parameters)
      let bytes = WeightComparisonDocument.difference(cost.bytes, cost.ofModel.bytes)
      (self.parameters, self.bytes) = (max(0, parameters), max(0, bytes))
      (fewerParameters, fewerBytes) = (max(0, -parameters), max(0, -bytes))
    }
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

  init(_ comparison: WeightComparison, _ configuration: ModelConfiguration) {
    model = AnalysisDocument.ModelEntry(configuration)
    tensorParallel = comparison.weights.tensorParallel
    listing = ListingEntry(
      path: comparison.listing.file, layout: comparison.listing.layout.rawValue,
      tensors: comparison.listing.entries.count, absent: comparison.listing.absent)
    cost = comparison.cost.map(CostEntry.init)
    matches = comparison.matches
    differences = comparison.differences.map { difference in
      DifferenceEntry(
        kind: difference.kind.rawValue, tensor: difference.template, layers: difference.layers,
        count: difference.count, expected: difference.expected, found: difference.found,
        repetitions: difference.repetitions, sentence: difference.sentence)
    }
  }

  /// Both are below 2^63.
  static func difference(_ left: Count, _ right: Count) -> Int64 { Int64(left.value) - Int64(right.value) }
}

/// The JSON of several listings in one file.
struct WeightComparisonsDocument: Encodable {
  let schemaVersion = 1
  let matches: Bool
  let listings: [WeightComparisonDocument]

  init(_ listings: [WeightComparisonDocument]) {
    matches = listings.allSatisfy(\.matches)
    self.listings = listings
  }
}

extension WeightLayout {
  /// Whose names they are.
  var title: String {
    switch self {
    case .huggingFace: "Hugging Face"
    case .liteLlama: "lite_llama"
    }
  }
}
