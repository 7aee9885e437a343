import RooflineCore
import RooflineTimeModels

/// What `list` prints: the catalog's files, a line each.
package enum CatalogReport {
  package static func models(_ models: [ModelConfiguration]) -> Report {
    struct Entry: Encodable {
      let name, path, architecture: String
      let parameters: UInt64
    }
    struct Document: Encodable {
      let schemaVersion = 1
      let models: [Entry]
    }
    let counts = models.map(\.parameters.total)
    return report(
      "models", columns: [("parameters", false), ("architecture", true)],
      zip(models, counts).map { model, count in
        Line(
          name: model.name, text: "\(padded(Numbers.scaled(count), 8)) parameters  \(model.architecture)",
          cells: [.count(count), .text(model.architecture)])
      },
      document: Document(
        models: zip(models, counts).map {
          Entry(name: $0.name, path: $0.path, architecture: $0.architecture, parameters: $1.value)
        }))
  }

  /// Each GPU's memory, bandwidth and dense rates of the formats that most checkpoints have; a dash where nobody knows one.
  ///
  /// - Parameter aliases: other names of each.
  package static func hardware(_ gpus: [(name: String, spec: HardwareSpec, aliases: [String])]) -> Report {
    struct Entry: Encodable {
      let name, path: String
      @Nullable var product: String?
      let aliases: [String]
      @Nullable var capacityBytes: UInt64?
      @Nullable var bandwidthBytesPerSecond: Double?
      let units: [HardwareDocument.Unit]
    }
    struct Document: Encodable {
      let schemaVersion = 1
      let hardware: [Entry]
    }
    let formats = [DType.fp16, .fp8]
    return report(
      "hardware",
      columns: [("product", true), ("aliases", true), ("memory_bytes", false), ("bandwidth_bytes_per_second", false)]
        + formats.map { ("\($0.rawValue)_tensor_flops_per_second", false) },
      gpus.map { name, spec, aliases in
        let product = spec.product ?? ""
        let rates = formats.map { spec.compute?.tensor[$0] }
        let facts =
          [
            padded(rate(spec.memory?.capacity.map { Double($0) }, "B"), 9),
            padded(rate(spec.memory?.bandwidth, "B/s"), 11),
          ] + zip(formats, rates).map { "\($0.rawValue) \(padded(rate($1, "FLOP/s"), 14))" }
        // What a driver calls it is often the product's name once more.
        let others = aliases.filter { $0 != product }.joined(separator: ", ")
        return Line(
          name: name,
          text: "\(facts.joined(separator: "  "))  \(product)\(others.isEmpty ? "" : "  (also \(others))")",
          cells: [
            .text(product), .text(others), .integer(spec.memory?.capacity),
            .rate(spec.memory?.bandwidth),
          ] + rates.map { .rate($0) })
      },
      document: Document(
        hardware: gpus.map { gpu in
          Entry(
            name: gpu.name, path: gpu.spec.path, product: gpu.spec.product, aliases: gpu.aliases,
            capacityBytes: gpu.spec.memory?.capacity, bandwidthBytesPerSecond: gpu.spec.memory?.bandwidth,
            units: HardwareReport(gpu.spec).units.map { HardwareDocument.Unit($0) })
        }))
  }

  private static func rate(_ value: Double?, _ unit: String) -> String {
    value.map { "\(Numbers.scaled($0))\(unit)" } ?? Numbers.unknown
  }

  /// Every entry of every calibration, with what it was fitted on and how far it missed what was left out.
  package static func calibrations(_ calibrations: [(name: String, calibration: Calibration)]) -> Report {
    struct Entry: Encodable {
      let hardware, entry: String
      /// Mean error on shapes left out, a share; null where nobody knows it.
      @Nullable var mape: Double?
      let rows: Int
    }
    struct Document: Encodable {
      let schemaVersion = 1
      let calibrations: [Entry]
    }
    let entries = calibrations.flatMap { name, calibration in
      calibration.entries.map { Entry(hardware: name, entry: $0.key.title, mape: $0.heldOut?.mape, rows: $0.fit.rows) }
    }
    return report(
      "calibrations", columns: [("mape", false), ("entry", true), ("rows", false)],
      entries.map { entry in
        let error = entry.mape.map { "error \(Numbers.percent($0)) %" } ?? "error unknown"
        return Line(
          name: entry.hardware, text: "\(padded(error, 12))  \(entry.entry), \(entry.rows) rows",
          cells: [.share(entry.mape), .text(entry.entry), .integer(UInt64(entry.rows))])
      }, document: Document(calibrations: entries))
  }

  struct Line {
    let name: String
    /// What a page says of it.
    let text: String
    /// What a table says of it.
    let cells: [Table.Cell]
  }

  static func report(
    _ title: String, columns: [(key: String, isText: Bool)], _ lines: [Line], document: any Encodable
  ) -> Report {
    let width = lines.map(\.name.count).max() ?? 0
    let table = Table(
      title: title,
      columns: [.init("name", key: "name", isText: true)]
        + columns.map { .init($0.key, key: $0.key, isText: $0.isText) },
      rows: lines.map { .cells([.text($0.name)] + $0.cells) })
    return Report(
      sections: [.listing(Listing(lines.map { "\(padded($0.name, width))  \($0.text)" }, table: table))],
      records: .init(key: "catalog", [table]), document: document)
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
