import RooflineCore

/// What `shapes --checkpoint` prints: every tensor that a checkpoint's files list, and their sum.
package struct WeightListingReport {
  package let listing: WeightListing

  package init(_ listing: WeightListing) { self.listing = listing }

  package var report: Report {
    Report(table, key: "weights_of", notes: lines, document: WeightListingDocument(listing))
  }

  private var table: Table {
    let rows = listing.entries.map { entry in
      Table.Row.cells([
        .text(entry.name.full), .text(entry.dimensions.map(WeightReport.shape) ?? Numbers.unknown),
        .integer(entry.elements?.value), .integer(entry.bytes?.value), .text(entry.format ?? Numbers.unknown),
      ])
    }
    let total = Table.Row.cells([
      .text("total"), .empty, .integer(listing.total(of: \.elements)?.value),
      .integer(listing.total(of: \.bytes)?.value), .empty,
    ])
    return Table(
      title: "\(listing.file), \(Numbers.counted(UInt64(listing.entries.count), "tensor"))",
      columns: [
        .init("tensor", key: "tensor", isText: true), .init("shape", key: "shape"),
        .init("elements", key: "elements"), .init("bytes", key: "bytes"),
        .init("format", key: "format", isText: true),
      ], rows: rows + [.rule, total])
  }

  private var lines: [String] {
    guard let first = listing.absent.first else { return [] }
    return [
      "note     names only where a dash stands: \(first)\(listing.absent.count > 1 ? " and \(listing.absent.count - 1) more are" : " is") not beside the index"
    ]
  }
}

extension WeightListing {
  /// nil where one of the tensors does not say, or the sum is above 2^63.
  fileprivate func total(of count: (Entry) -> Count?) -> Count? {
    let counts = entries.map(count)
    let known = counts.compactMap { $0 }
    let sum = known.reduce(0, +)
    return known.count == counts.count && !sum.isOverflow ? sum : nil
  }
}

/// The JSON of `shapes --checkpoint`, schema version 1.
struct WeightListingDocument: Encodable {
  let schemaVersion = 1
  let path: String
  let tensors: [TensorEntry]
  let absent: [String]
  let total: TotalEntry

  struct TensorEntry: Encodable {
    let name: String
    @Nullable var shape: [UInt64]?
    @Nullable var elements: UInt64?
    @Nullable var bytes: UInt64?
    @Nullable var format: String?
  }

  struct TotalEntry: Encodable {
    let tensors: Int
    @Nullable var elements: UInt64?
    @Nullable var bytes: UInt64?
  }

  init(_ listing: WeightListing) {
    path = listing.file
    absent = listing.absent
    tensors = listing.entries.map {
      TensorEntry(
        name: $0.name.full, shape: $0.dimensions, elements: $0.elements?.value, bytes: $0.bytes?.value,
        format: $0.format)
    }
    total = TotalEntry(
      tensors: tensors.count, elements: listing.total(of: \.elements)?.value,
      bytes: listing.total(of: \.bytes)?.value)
  }
}
