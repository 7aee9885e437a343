import RooflineAnalysis
import RooflineCore

/// What `shapes` prints: every tensor of one device, and their sum.
package struct WeightReport {
  package let weights: WeightList
  package let configuration: ModelConfiguration

  package init(_ weights: WeightList, configuration: ModelConfiguration) {
    self.weights = weights
    self.configuration = configuration
  }

  package var report: Report { Report(table, key: "weights_of", notes: lines, document: WeightDocument(self)) }

  /// 8192×2048; a tensor without dimensions is a scalar.
  static func shape(_ dimensions: [UInt64]) -> String {
    dimensions.isEmpty ? "scalar" : dimensions.map(String.init).joined(separator: "×")
  }

  /// The model, its format, and whose share is shown.
  static func subject(_ weights: WeightList, _ configuration: ModelConfiguration) -> String {
    let share = weights.tensorParallel > 1 ? ", tp \(weights.tensorParallel), one device" : ""
    return "\(configuration.name)\(share)"
  }

  private var table: Table {
    let rows = weights.entries.map { entry in
      Table.Row.cells(
        [
          .text(entry.name.full), .text(Self.shape(entry.dimensions)), .integer(entry.parameters.value),
          .integer(entry.bytes.value),
        ] + (isQuantized ? [.text(entry.format)] : []))
    }
    let total = Table.Row.cells(
      [
        .text("total"), .empty, .integer(weights.parameters.value), .integer(weights.bytes.value),
      ] + (isQuantized ? [.empty] : []))
    return Table(
      title:
        "\(Self.subject(weights, configuration)), \(isQuantized ? "the checkpoint's formats" : weights.formats.weight.rawValue)",
      columns: [
        .init("tensor", key: "tensor", isText: true), .init("shape", key: "shape"),
        .init("parameters", key: "parameters"), .init("bytes", key: "bytes"),
      ] + (isQuantized ? [.init("format", key: "format", isText: true)] : []), rows: rows + [.rule, total])
  }

  /// Whether tensors are in formats of their own.
  private var isQuantized: Bool { weights.model.isQuantized }

  private var lines: [String] {
    let parameters = configuration.parameters.total
    var lines: [String] = []
    if weights.tensorParallel > 1 {
      let all = weights.bytes * Count(weights.tensorParallel)
      lines.append("devices  all \(weights.tensorParallel) hold \(Numbers.grouped(all.value)) bytes")
    }
    if configuration.model.tieWordEmbeddings, let embedding = weights.entries.first {
      lines.append(
        "tied     \(configuration.model.head.name).weight is \(embedding.name.full), which stands there once")
    }
    lines.append("model    \(configuration.path), \(Numbers.grouped(parameters.value)) parameters")
    let notices = configuration.notices + [Notice.scales(of: weights.formats)].compactMap { $0 }
    return lines + notices.map { "note     \($0.sentence)" }
  }
}

/// The JSON of `shapes`, schema version 1.
struct WeightDocument: Encodable {
  let schemaVersion = 1
  let model: AnalysisDocument.ModelEntry
  let tensorParallel: UInt64
  let weightDType, residualDType: String
  /// One device's.
  let tensors: [TensorEntry]
  let total: TotalEntry

  struct TensorEntry: Encodable {
    let name: String
    let shape: [UInt64]
    let parameters, bytes: UInt64
    /// A number format, or a scale of so many bits.
    let format: String
  }

  struct TotalEntry: Encodable {
    let tensors: Int
    let parameters, bytes, bytesOfAllDevices: UInt64
  }

  init(_ report: WeightReport) {
    let weights = report.weights
    model = AnalysisDocument.ModelEntry(report.configuration)
    tensorParallel = weights.tensorParallel
    weightDType = weights.formats.weight.rawValue
    residualDType = weights.formats.residual.rawValue
    tensors = weights.entries.map { entry in
      TensorEntry(
        name: entry.name.full, shape: entry.dimensions, parameters: entry.parameters.value, bytes: entry.bytes.value,
        format: entry.format)
    }
    total = TotalEntry(
      tensors: weights.entries.count, parameters: weights.parameters.value, bytes: weights.bytes.value,
      bytesOfAllDevices: (weights.bytes * Count(weights.tensorParallel)).value)
  }
}
